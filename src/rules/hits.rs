//! Values of a profile that speak for a finding, and the one claim that they make together.

use std::borrow::Cow;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::prop::PropId;
use crate::mapi::{MapiKey, MapiValue, Profile, ProviderSection, Root, tags};

use super::wording::SPELLED_OUT;

/// A value that speaks for a finding.
pub(super) struct Hit<'p, 'b> {
    /// What it is to the finding.
    pub(super) role: &'static str,
    /// The section it lies in.
    pub(super) section: &'p ProviderSection<'b>,
    /// The key it lies in: that of the section, or one below it.
    pub(super) key: &'p MapiKey<'b>,
    /// The value.
    pub(super) value: &'p MapiValue<'b>,
    /// What it says.
    pub(super) says: Cow<'p, str>,
}

impl<'p, 'b> Hit<'p, 'b> {
    /// A value of a section, and what it says. `None` where the content is withheld.
    pub(super) fn new(
        role: &'static str,
        section: &'p ProviderSection<'b>,
        value: &'p MapiValue<'b>,
        says: impl Into<Cow<'p, str>>,
    ) -> Option<Self> {
        Self::below(role, section, &section.key, value, says)
    }

    /// The same of a key below a section.
    pub(super) fn below(
        role: &'static str,
        section: &'p ProviderSection<'b>,
        key: &'p MapiKey<'b>,
        value: &'p MapiValue<'b>,
        says: impl Into<Cow<'p, str>>,
    ) -> Option<Self> {
        let says = says.into();
        section.secret(value).is_none().then_some(Self { role, section, key, value, says })
    }

    /// A value of a section that says what the table of properties makes of it.
    pub(super) fn decoded(
        role: &'static str,
        section: &'p ProviderSection<'b>,
        value: &'p MapiValue<'b>,
    ) -> Option<Self> {
        let (prop, decoded) = (value.prop?, value.decoded()?);
        Self::new(
            role,
            section,
            value,
            tags::decoded_text(section.kind, prop.tag, &decoded.value, value.ansi()),
        )
    }

    /// The text of a property that is not empty.
    pub(super) fn text(role: &'static str, section: &'p ProviderSection<'b>, id: PropId) -> Option<Self> {
        Self::text_that(role, section, id, |_| true)
    }

    /// The same of a text that fits.
    pub(super) fn text_that(
        role: &'static str,
        section: &'p ProviderSection<'b>,
        id: PropId,
        fits: impl FnOnce(&str) -> bool,
    ) -> Option<Self> {
        let text = section.text(id).here().filter(|text| !text.is_empty() && fits(text))?;
        Self::new(role, section, section.prop(id).here()?, text)
    }

    /// It as evidence.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence::value(self.role, self.key, self.value, self.says.clone().into_owned())
    }
}

/// `00036604 is 0x1: use admin privilege; 00036609 is …`, each statement once, and from a certain length on the number
/// of further ones.
pub(super) fn spelled(hits: &[Hit<'_, '_>]) -> String {
    let mut statements: Vec<String> = Vec::new();
    let mut more = 0;
    for hit in hits {
        let statement = || format!("{} is {}", hit.value.name(), hit.says);
        if statements.len() < SPELLED_OUT {
            let statement = statement();
            if !statements.contains(&statement) {
                statements.push(statement);
            }
        } else if !statements.contains(&statement()) {
            more += 1;
        }
    }
    let statements = statements.join("; ");
    if more == 0 { statements } else { format!("{statements}; and {more} more") }
}

/// The claim that the values make together; `None` without any, and then nobody asks for its text.
pub(super) fn claim(
    severity: Severity,
    confidence: Confidence,
    (root, profile): (&Root<'_>, &Profile<'_>),
    hits: &[Hit<'_, '_>],
    detail: impl FnOnce() -> String,
) -> Option<Claim> {
    let (first, others) = hits.split_first()?;
    let subject = Subject::profile(root, profile);
    let in_one_section = others.iter().all(|hit| hit.section.key.at == first.section.key.at);
    let subject = if in_one_section { subject.section(first.section) } else { subject };
    let mut claim = Claim::new(severity, confidence, subject, first.evidence(), detail())
        .with(others.iter().map(Hit::evidence))
        .timed_by(profile);
    claim.count = hits.len() as u64;
    Some(claim)
}
