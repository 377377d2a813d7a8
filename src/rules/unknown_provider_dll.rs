use crate::account::Confidence;
use crate::finding::Severity;
use crate::mapi::prop::PropId;
use crate::mapi::{Profile, ProviderSection, tags};

use super::file_path::{file_name, is_user_writable};
use super::hits::{self, Hit};
use super::wording::{counted, quoted};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "S05",
    slug: "unknown-provider-dll",
    title: "A provider's DLL that is not on the list of known ones",
    severities: &[Severity::Info, Severity::Medium],
    // A known name with a path into a folder that users may write to is not taken for the known file.
    condition: "The DLL of a provider (300a) or of a message service (3d0a) is not on the list below, which is compared \
                by file name and in any letter case; or it is given with a path into a user's profile or a folder for \
                temporary files, whatever its name. Medium where it has such a path, else info. One finding for each \
                profile and severity.",
    implies: "The profile names a DLL that this list does not know, for loading into the processes of the account that use \
              the profile. Where its path leads into a folder that users may write to, they can exchange the file.",
    does_not_prove: "That the file exists, is what its name says, or does harm; that a DLL on the list is the genuine one: \
                     names are all that the hive holds.",
    remediation: "Verify the signature and the origin of the file on the computer.",
    false_positives: "Providers of other products: fax, archiving, groupware, mobile devices, protection against viruses.",
    references: &[
        "MAPITags.h",
        "office-developer-client-docs:pidtagproviderdllname-canonical-property",
        "inferred",
    ],
    argues_from_absence: false,
    by_profile: true,
    appendix: Some(appendix),
    check,
};

/// A DLL that providers and services are known to name.
struct KnownDll {
    /// As it stands in profiles: MAPI itself appends 32 where that belongs to the file's name
    /// (office-developer-client-docs, `PidTagProviderDllName`), so that a name with 32 is not the documented one.
    name: &'static str,
    what: &'static str,
    source: &'static str,
}

const KNOWN: &[KnownDll] = &[
    KnownDll {
        name: "emsmdb.dll",
        what: "Exchange, message stores",
        source: "Q222914; mfcmapi; grommunio-gromox wiki; measured",
    },
    KnownDll { name: "emsabp.dll", what: "Exchange, address book", source: "mfcmapi; EDK exchprof.c" },
    KnownDll { name: "emsui.dll", what: "Exchange, configuration", source: "mfcmapi" },
    KnownDll { name: "mspst.dll", what: "personal folders", source: "grommunio-gromox wiki; measured" },
    KnownDll { name: "contab.dll", what: "Outlook address book", source: "grommunio-gromox wiki; measured" },
    KnownDll { name: "pstprx.dll", what: "IMAP and Exchange ActiveSync", source: "grommunio-gromox wiki" },
    KnownDll {
        name: "emablt.dll",
        what: "LDAP directories",
        source: "public scripts that write such profiles",
    },
    KnownDll {
        name: "bjablr.dll",
        what: "LDAP directories",
        source: "public scripts that write such profiles",
    },
    KnownDll { name: "minet.dll", what: "Internet mail", source: "public scripts that write such profiles" },
    KnownDll {
        name: "inetab.dll",
        what: "Internet mail, address book",
        source: "public scripts that write such profiles",
    },
    KnownDll { name: "nwnsp.dll", what: "Lotus Notes", source: "Q190146" },
    KnownDll { name: "omsxp.dll", what: "Outlook mobile service", source: "measured" },
];

/// The list, a line a file.
fn appendix() -> Vec<String> {
    std::iter::once("The list of known DLLs, with what each is and how that is known:".to_owned())
        .chain(KNOWN.iter().map(|dll| format!("{:<10}  {} ({})", dll.name, dll.what, dll.source)))
        .collect()
}

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let profile = place.1;
        let (exposed, unknown): (Vec<_>, Vec<_>) =
            suspicious(profile).into_iter().partition(|hit| is_user_writable(&hit.says));
        for (severity, hits, what) in [
            (Severity::Medium, exposed, "in folders that users may write to"),
            (Severity::Info, unknown, "outside of the list of known ones"),
        ] {
            let mut names: Vec<&str> = hits.iter().map(|hit| &*hit.says).collect();
            names.sort_unstable();
            names.dedup();
            let detail = || {
                format!(
                    "Profile \"{}\" names {} {what}: {}.",
                    profile.name(),
                    counted(names.len(), "DLL", "DLLs"),
                    quoted(names)
                )
            };
            verdict.claims.extend(hits::claim(severity, Confidence::Medium, place, &hits, detail));
        }
    }
}

/// The DLLs of a profile that are not known, or not where the known one would be.
fn suspicious<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    const DLLS: [(&str, PropId); 2] = [
        ("DLL of a provider", tags::PR_PROVIDER_DLL_NAME),
        ("DLL of a message service", tags::PR_SERVICE_DLL_NAME),
    ];
    let of_section = |section| DLLS.into_iter().filter_map(move |(role, id)| suspicious_dll(role, section, id));
    profile.sections.iter().flat_map(of_section).collect()
}

fn suspicious_dll<'p, 'b>(
    role: &'static str,
    section: &'p ProviderSection<'b>,
    id: PropId,
) -> Option<Hit<'p, 'b>> {
    Hit::text_that(role, section, id, |dll| !is_known(dll) || is_user_writable(dll))
}

fn is_known(dll: &str) -> bool {
    // A value of blanks or slashes names nothing.
    let name = file_name(dll.trim());
    name.is_empty() || KNOWN.iter().any(|known| known.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_dll_is_known_by_its_file_name_in_any_letter_case() {
        for dll in ["emsmdb.dll", "EMSMDB.DLL", r"C:\Program Files\Office\MSPST.DLL", " contab.dll ", ""] {
            assert!(is_known(dll), "{dll}");
        }
        for dll in ["emsmdb32.dll", "evil.dll", "emsmdb.dll.exe", "emsmdb", r"C:\mspst.dll\x.dll"] {
            assert!(!is_known(dll), "{dll}");
        }
    }

    #[test]
    fn the_list_stands_in_the_explanation() {
        let lines = appendix();
        assert_eq!(lines.len(), KNOWN.len() + 1);
        assert!(KNOWN.iter().all(|dll| lines.iter().any(|line| line.starts_with(dll.name))));
    }
}
