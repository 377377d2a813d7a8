use super::encode::mailbox_entry_id;
use super::profile::{NewProfile, ProfileWriter, Section};
use super::uid::Uid;
use crate::builder::HiveBuilder;

/// A mailbox that a profile opens, already resolved against the directory.
#[derive(Clone, Debug)]
pub struct Mailbox {
    /// `NetBIOS` name of the home server.
    pub server: String,
    /// DNS domain of the home server.
    pub domain: String,
    /// Organization and site, `/o=…/ou=…`.
    pub site_dn: String,
    /// Legacy distinguished name of the mailbox.
    pub dn: String,
    /// What was typed, and the name of the mailbox.
    pub display_name: String,
    /// `PR_PROFILE_CONNECT_FLAGS` (6604); the default of mapisvc.inf is 2, no encryption.
    pub connect_flags: u32,
    /// `PR_PROFILE_UI_STATE` (6606); 0x4000 encrypts the network.
    pub ui_state: u32,
}

impl Mailbox {
    /// The mailbox of a recipient, connected to as mapisvc.inf has it.
    pub fn new(server: &str, site: &str, alias: &str, display_name: &str) -> Self {
        let site_dn = format!("/o=Example Organization/ou={site}");
        Self {
            server: server.to_owned(),
            domain: "example.test".to_owned(),
            dn: format!("{site_dn}/cn=Recipients/cn={alias}"),
            site_dn,
            display_name: display_name.to_owned(),
            connect_flags: 2,
            ui_state: 0,
        }
    }

    /// The same with the network encrypted.
    #[must_use]
    pub fn encrypted(mut self) -> Self {
        self.connect_flags = 0;
        self.ui_state = 0x4000;
        self
    }

    fn server_dn(&self) -> String {
        format!("{}/cn=Configuration/cn=Servers/cn={}", self.site_dn, self.server)
    }

    /// Bindings as in V1.
    fn server_addresses(&self) -> [String; 3] {
        let Self { server, domain, .. } = self;
        let host = server.to_lowercase();
        [format!("ncalrpc:{server}"), format!("ncacn_ip_tcp:{host}.{domain}"), format!("netbios:{server}")]
    }
}

/// A connector whose queue a gateway opens in place of a mailbox.
#[derive(Clone, Debug)]
pub struct Connector {
    /// `NetBIOS` name of the server.
    pub server: String,
    /// Name of the site.
    pub site: String,
    /// Common name below the site's connections.
    pub common_name: String,
}

impl Connector {
    /// A connector of a site.
    pub fn new(server: &str, site: &str, common_name: &str) -> Self {
        Self { server: server.to_owned(), site: site.to_owned(), common_name: common_name.to_owned() }
    }

    fn mailbox(&self, connect_flags: u32) -> Mailbox {
        let mut mailbox = Mailbox::new(&self.server, &self.site, "", &self.common_name);
        mailbox.dn = format!("{}/cn=Configuration/cn=Connections/cn={}", mailbox.site_dn, self.common_name);
        mailbox.connect_flags = connect_flags;
        mailbox
    }
}

/// What mapisvc.inf says about a service of the Exchange family (reference, section 2.3).
#[derive(Clone, Copy)]
pub(super) struct ServiceKind {
    name: &'static str,
    display_name: &'static str,
    /// Open flags of the private store (6609).
    private_open_flags: u32,
    /// `PR_PROFILE_TRANSPORT_FLAGS` (6605).
    transport_flags: u32,
    /// `PR_PROFILE_CONNECT_FLAGS` (6604).
    connect_flags: u32,
    providers: &'static [Provider],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Provider {
    Directory,
    PrivateStore,
    PublicStore,
    RemoteTransport,
    Transport,
    Hook,
}

pub(super) const MSEMS: ServiceKind = ServiceKind {
    name: "MSEMS",
    display_name: "Microsoft Exchange Server",
    private_open_flags: 0x0C,
    transport_flags: 3,
    connect_flags: 2,
    providers: &[
        Provider::Directory,
        Provider::PrivateStore,
        Provider::PublicStore,
        Provider::RemoteTransport,
        Provider::Transport,
        Provider::Hook,
    ],
};

const EDK_GATEWAY: ServiceKind = ServiceKind {
    name: "MSEMS_EdkGateway",
    display_name: "Microsoft Exchange Gateway",
    private_open_flags: 0x08,
    transport_flags: 0,
    connect_flags: 1,
    providers: &[Provider::Directory, Provider::PrivateStore, Provider::PublicStore],
};

const EDK_MAILBOX_AGENT: ServiceKind = ServiceKind {
    name: "MSEMS_EdkMbAgent",
    display_name: "Microsoft Exchange Mailbox Agent",
    private_open_flags: 0x0C,
    transport_flags: 0,
    connect_flags: 3,
    providers: &[Provider::Directory, Provider::PrivateStore, Provider::PublicStore, Provider::Transport],
};

/// A resolved `MSEMS` profile as a program makes it: no section of Outlook, one connection made.
pub fn exchange_profile(hive: &mut HiveBuilder, profile: &NewProfile, mailbox: &Mailbox) {
    resolved_profile(hive, profile, MSEMS, mailbox);
}

/// The profile of a gateway after the sample of the Exchange Development Kit.
pub fn edk_gateway_profile(hive: &mut HiveBuilder, profile: &NewProfile, connector: &Connector) {
    resolved_profile(hive, profile, EDK_GATEWAY, &connector.mailbox(EDK_GATEWAY.connect_flags));
}

/// The profile of a mailbox agent after the sample of the Exchange Development Kit.
pub fn edk_mailbox_agent_profile(hive: &mut HiveBuilder, profile: &NewProfile, connector: &Connector) {
    resolved_profile(hive, profile, EDK_MAILBOX_AGENT, &connector.mailbox(EDK_MAILBOX_AGENT.connect_flags));
}

/// The profile of the Internet Mail Service. That it looks like one of an EDK gateway is inferred (reference,
/// section 3); the name of the profile says what it is.
pub fn imc_profile(hive: &mut HiveBuilder, profile: &NewProfile, server: &str, site: &str) {
    let connector = Connector::new(server, site, &format!("Internet Mail Connector ({server})"));
    edk_gateway_profile(hive, profile, &connector);
}

/// The profile of the Calendar Connector, shaped like one of an EDK mailbox agent (inferred likewise).
pub fn calcon_profile(hive: &mut HiveBuilder, profile: &NewProfile, server: &str, site: &str) {
    let connector = Connector::new(server, site, &format!("Calendar Connector ({server})"));
    edk_mailbox_agent_profile(hive, profile, &connector);
}

/// Adds stores of other people's mailboxes to a profile of [`exchange_profile`], as Outlook does (Q222914). They are
/// as young as the profile's time says now.
pub fn add_delegate_stores(hive: &mut HiveBuilder, profile: &NewProfile, mailboxes: &[Mailbox]) {
    let mut writer = ProfileWriter::new(hive, profile);
    let service = service_uid(&writer, MSEMS);
    let mut stores = provider_uids(&writer, MSEMS, 0x3D00);
    for mailbox in mailboxes {
        let uid = writer.uid(&format!("delegate store {}", mailbox.dn));
        stores.push(uid);
        let mut section = writer.section(uid);
        section.uids(0x3D0C, &[service]).uids(0x3414, &[Uid::DELEGATE_STORE]);
        section.long(0x3E03, 0x21).string8(0x300A, "emsmdb.dll").long(0x3009, 0x40);
        section.long(0x6609, 0x0C).long(0x660A, 2);
        write_mailbox(&mut section, mailbox);
    }
    for uid in [Uid::ROOT, service] {
        profile.edit(hive, uid).uids(0x3D00, &stores);
    }
}

/// Adds a second service `MSEMS` that shares the address book of the first: MAPI refuses that, for the service may be
/// there only once (flag 2 in 3009).
pub fn add_second_msems(hive: &mut HiveBuilder, profile: &NewProfile) {
    let mut writer = ProfileWriter::new(hive, profile);
    let (first, second) = (service_uid(&writer, MSEMS), writer.uid("second MSEMS"));
    let books = provider_uids(&writer, MSEMS, 0x3D01);
    let mut section = writer.section(second);
    service_values(&mut section, MSEMS);
    section.uids(0x3D01, &books);
    profile.edit(hive, Uid::ROOT).uids(0x3D0E, &[first, second]);
}

fn resolved_profile(hive: &mut HiveBuilder, profile: &NewProfile, kind: ServiceKind, mailbox: &Mailbox) {
    let mut writer = ProfileWriter::new(hive, profile);
    write_instance(&mut writer);
    write_root(&mut writer, &[kind], &[], &[]);
    write_service(&mut writer, kind);
    write_providers(&mut writer, kind, Some(mailbox));

    let addresses = mailbox.server_addresses();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let service = service_uid(&writer, kind);
    let mut section = writer.section(Uid::EXCHANGE);
    section
        .long(0x6600, 0x501)
        .long(0x6601, 5)
        .string8(0x6602, &mailbox.server)
        .string8(0x6603, &mailbox.dn)
        .long(0x6604, mailbox.connect_flags)
        .long(0x6605, kind.transport_flags)
        .long(0x6606, mailbox.ui_state)
        .string8(0x6612, &mailbox.server_dn())
        .string8s(0x6613, &addresses)
        .long(0x661B, 2653)
        .uids(0x3D0C, &[service]);
    if kind.name == MSEMS.name {
        section.string8(0x6607, &mailbox.display_name).string8(0x6608, &mailbox.server);
    }
}

/// The section that names the profile instance.
pub(super) fn write_instance(writer: &mut ProfileWriter<'_>) {
    let key = writer.uid("instance");
    writer.section(Uid::INSTANCE).binary(0x300B, &key.0);
}

/// MAPI's own section: the union of what the services list, then what other services add.
pub(super) fn write_root(
    writer: &mut ProfileWriter<'_>,
    kinds: &[ServiceKind],
    more_services: &[Uid],
    more_stores: &[Uid],
) {
    let mut services: Vec<Uid> = kinds.iter().map(|kind| service_uid(writer, *kind)).collect();
    services.extend(more_services);
    let list =
        |number| -> Vec<Uid> { kinds.iter().flat_map(|kind| provider_uids(writer, *kind, number)).collect() };
    let (mut stores, books, transports, hooks) = (list(0x3D00), list(0x3D01), list(0x3D02), list(0x3D08));
    stores.extend(more_stores);

    let mut section = writer.section(Uid::ROOT);
    section.uids(0x3D0E, &services);
    for (id, uids) in [(0x3D00, stores), (0x3D01, books), (0x3D02, transports), (0x3D08, hooks)] {
        if !uids.is_empty() {
            section.uids(id, &uids);
        }
    }
    section.boolean(0x000D, false);
}

/// The service section with its lists of providers.
pub(super) fn write_service(writer: &mut ProfileWriter<'_>, kind: ServiceKind) {
    let lists = [0x3D00, 0x3D01, 0x3D02].map(|id| (id, provider_uids(writer, kind, id)));
    let uid = service_uid(writer, kind);
    let mut section = writer.section(uid);
    service_values(&mut section, kind);
    for (id, uids) in lists {
        if !uids.is_empty() {
            section.uids(id, &uids);
        }
    }
}

/// The service section as it is before any provider exists.
pub(super) fn write_service_without_providers(writer: &mut ProfileWriter<'_>, kind: ServiceKind) {
    let uid = service_uid(writer, kind);
    service_values(&mut writer.section(uid), kind);
}

fn service_values(section: &mut Section<'_>, kind: ServiceKind) {
    section
        .string8(0x3D09, kind.name)
        .string8(0x3D0A, "emsui.dll")
        .string8(0x3D0B, "EMSCfg")
        .string8s(0x3D0F, &["emsui.dll", "emsabp.dll", "emsmdb.dll"])
        .string8(0x3001, kind.display_name)
        .long(0x3009, 2);
}

/// The provider sections; without a mailbox they are as mapisvc.inf has them.
pub(super) fn write_providers(writer: &mut ProfileWriter<'_>, kind: ServiceKind, mailbox: Option<&Mailbox>) {
    let service = service_uid(writer, kind);
    for &provider in kind.providers {
        let uid = provider_uid(writer, kind, provider);
        let mut section = writer.section(uid);
        section.uids(0x3D0C, &[service]);
        match provider {
            Provider::Directory => {
                section.long(0x3E03, 0x23).string8(0x300A, "emsabp.dll").long(0x3009, 0);
                section.string8(0x3006, "Microsoft Exchange Directory Service");
            }
            Provider::PrivateStore => {
                section.long(0x3E03, 0x21).string8(0x300A, "emsmdb.dll").long(0x3009, 0x1006);
                section.string8(0x3006, "Microsoft Exchange Message Store");
                section.long(0x6609, kind.private_open_flags).long(0x660A, 1);
                section.uids(0x3414, &[Uid::PRIVATE_STORE]);
                if let Some(mailbox) = mailbox {
                    write_mailbox(&mut section, mailbox);
                } else {
                    section.string8(0x3001, "Private Folders");
                }
            }
            Provider::PublicStore => {
                section.long(0x3E03, 0x21).string8(0x300A, "emsmdb.dll").long(0x3009, 0x40);
                section.string8(0x3006, "Microsoft Exchange Message Store");
                section.string8(0x3001, "Public Folders").long(0x6609, 6).long(0x660A, 3);
                section.uids(0x3414, &[Uid::PUBLIC_STORE]);
            }
            Provider::RemoteTransport => {
                section.long(0x3E03, 0x24).string8(0x300A, "emsmdb.dll").long(0x6609, 0x40).long(0x660A, 10);
                section.string8(0x3006, "Microsoft Exchange Remote Transport");
            }
            Provider::Transport => {
                section.long(0x3E03, 0x24).string8(0x300A, "emsmdb.dll").long(0x6609, 0);
                section.string8(0x3006, "Microsoft Exchange Transport");
            }
            Provider::Hook => {
                section.long(0x3E03, 0x28).string8(0x300A, "emsmdb.dll").long(0x3009, 0x200);
                section.string8(0x3006, "Microsoft Exchange Hook");
            }
        }
    }
}

/// What a store holds about the mailbox that it opens.
fn write_mailbox(section: &mut Section<'_>, mailbox: &Mailbox) {
    section
        .string8(0x3001, &format!("Mailbox - {}", mailbox.display_name))
        .string8(0x660B, &mailbox.dn)
        .string8(0x660C, &mailbox.server)
        .string8(0x6614, &mailbox.server_dn())
        .binary(0x0FFF, &mailbox_entry_id(&mailbox.server, &mailbox.dn));
}

pub(super) fn service_uid(writer: &ProfileWriter<'_>, kind: ServiceKind) -> Uid {
    writer.uid(kind.name)
}

fn provider_uids(writer: &ProfileWriter<'_>, kind: ServiceKind, list: u16) -> Vec<Uid> {
    let listed = kind.providers.iter().filter(|provider| provider.list() == list);
    listed.map(|&provider| provider_uid(writer, kind, provider)).collect()
}

fn provider_uid(writer: &ProfileWriter<'_>, kind: ServiceKind, provider: Provider) -> Uid {
    writer.uid(&format!("{} {}", kind.name, provider.role()))
}

impl Provider {
    /// The property that lists providers of this sort.
    fn list(self) -> u16 {
        match self {
            Self::PrivateStore | Self::PublicStore => 0x3D00,
            Self::Directory => 0x3D01,
            Self::RemoteTransport | Self::Transport => 0x3D02,
            Self::Hook => 0x3D08,
        }
    }

    /// The name of the provider in mapisvc.inf.
    fn role(self) -> &'static str {
        match self {
            Self::Directory => "EMS_DSA",
            Self::PrivateStore => "EMS_MDB_private",
            Self::PublicStore => "EMS_MDB_public",
            Self::RemoteTransport => "EMS_RXP",
            Self::Transport => "EMS_MSX",
            Self::Hook => "EMS_Hook",
        }
    }
}
