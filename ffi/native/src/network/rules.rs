//! Which hosts a task may ask for.

use super::address::is_public;
use crate::values::failure::shorten;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use url::Url;

/// What an error repeats of what a guest asked for.
pub const QUOTED_CHARACTERS_AT_MOST: usize = 200;

/// One entry of a list of hosts, parsed by the host's side.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRule {
    /// Only this one: `https`.
    pub scheme: Option<String>,
    /// In lower case and ASCII, an address as the URL standard writes it. Any host if there is none.
    pub host: Option<String>,
    /// It stands for all names that end in it, and not for itself.
    #[serde(default)]
    pub subdomains: bool,
    /// Only this one.
    pub port: Option<u16>,
}

/// Where a request goes, as the URL standard has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub scheme: String,
    pub host: String,
    pub port: u16,
}

impl Target {
    /// Of a URL with http or https and a host.
    pub fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_matches(['[', ']']);
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: host.strip_suffix('.').unwrap_or(host).to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// The host, if it is an address.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl HostRule {
    /// Whether the rule lists the target's host by its name, or all hosts.
    pub fn allows(&self, target: &Target) -> bool {
        self.names(target, &target.host)
    }

    fn names(&self, target: &Target, name: &str) -> bool {
        let fits = match &self.host {
            None => true,
            Some(host) if self.subdomains => name
                .strip_suffix(host.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            Some(host) => host == name,
        };
        fits && self
            .scheme
            .as_ref()
            .is_none_or(|scheme| *scheme == target.scheme)
            && self.port.is_none_or(|port| port == target.port)
    }

    /// Whether the rule lists this very address, or the name of this machine.
    fn lists_address(&self, target: &Target, address: IpAddr) -> bool {
        self.host.is_some()
            && !self.subdomains
            && (self.names(target, &address.to_string())
                || (is_loopback(address) && self.names(target, "localhost")))
    }
}

/// The hosts of one task.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// What it may reach.
    pub granted: Arc<[HostRule]>,
    /// What it declares and was not given. None where it gets what it declares.
    pub withheld: Option<Arc<[HostRule]>>,
}

impl Hosts {
    pub fn is_granted(&self, target: &Target) -> bool {
        lists(&self.granted, target)
    }

    /// Why a target is not reached, and what to do about that.
    pub fn refusal(&self, target: &Target, option: &str) -> String {
        let Target { host, scheme, port } = target;
        let host = shorten(host, QUOTED_CHARACTERS_AT_MOST);
        let refused = format!("the task may not reach {host:?} ({scheme}, port {port})");
        let Some(withheld) = &self.withheld else {
            return format!("{refused}: add it to {option}");
        };
        let asked = if lists(withheld, target) {
            format!("the task lists {host:?}, but the caller does not grant it")
        } else {
            refused
        };
        // The name is a guest's: whoever pastes this into a shell runs nothing else.
        let is_plain =
            |character: char| character.is_ascii_alphanumeric() || ".:-_".contains(character);
        let word = if host.chars().all(is_plain) {
            host
        } else {
            format!("'{}'", host.replace('\'', "'\\''"))
        };
        format!("{asked}: add it to grants.{option}, or pass --allow-hosts {word}")
    }

    /// Whether a target's host may have this address: a public one, or one that is listed itself.
    pub fn allow_address(&self, target: &Target, address: IpAddr) -> bool {
        is_public(address)
            || self
                .granted
                .iter()
                .any(|rule| rule.lists_address(target, address.to_canonical()))
    }
}

fn lists(rules: &[HostRule], target: &Target) -> bool {
    rules.iter().any(|rule| rule.allows(target))
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::of(&Url::parse(url).unwrap()).unwrap()
    }

    fn rule(host: &str) -> HostRule {
        HostRule {
            host: Some(host.to_owned()),
            ..HostRule::default()
        }
    }

    #[test]
    fn a_plain_host_is_itself_with_every_port() {
        let rule = rule("api.x.com");
        for url in [
            "https://api.x.com/v1",
            "http://api.x.com:8080",
            "https://API.X.com.",
            "https://u:p@api.x.com",
        ] {
            assert!(rule.allows(&target(url)), "{url}");
        }
        for url in [
            "https://x.com",
            "https://evil-api.x.com",
            "https://api.x.com.evil.com",
            "https://api.x.com@evil.com",
            "https://sub.api.x.com",
            "https://аpi.x.com",
            "https://api.x.co",
        ] {
            assert!(!rule.allows(&target(url)), "{url}");
        }
    }

    #[test]
    fn a_star_stands_for_subdomains_of_any_depth() {
        let rule = HostRule {
            subdomains: true,
            ..rule("x.com")
        };
        for url in ["https://a.x.com", "https://a.b.x.com", "https://a.x.com."] {
            assert!(rule.allows(&target(url)), "{url}");
        }
        for url in [
            "https://x.com",
            "https://evilx.com",
            "https://.x.com",
            "https://x.com.evil.com",
        ] {
            let allowed = Url::parse(url).is_ok_and(|url| rule.allows(&Target::of(&url).unwrap()));
            assert!(!allowed, "{url}");
        }
    }

    #[test]
    fn scheme_and_port_are_those_that_are_named() {
        let rule = HostRule {
            scheme: Some("https".to_owned()),
            port: Some(8443),
            ..rule("x.com")
        };
        assert!(rule.allows(&target("https://x.com:8443")));
        assert!(!rule.allows(&target("https://x.com")));
        assert!(!rule.allows(&target("http://x.com:8443")));
        let default = HostRule {
            port: Some(443),
            ..self::rule("x.com")
        };
        assert!(default.allows(&target("https://x.com")));
        assert!(!default.allows(&target("http://x.com")));
    }

    #[test]
    fn an_address_that_is_not_public_must_be_listed_itself() {
        let any = HostRule::default();
        let to = target("http://name.com:80");
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let private: IpAddr = "10.1.2.3".parse().unwrap();
        let public: IpAddr = "93.184.216.34".parse().unwrap();
        let allows = |rules: &[HostRule], address| {
            let granted = rules.into();
            let withheld = None;
            Hosts { granted, withheld }.allow_address(&to, address)
        };
        assert!(allows(std::slice::from_ref(&any), public));
        assert!(!allows(std::slice::from_ref(&any), loopback));
        assert!(!allows(&[rule("name.com")], private));
        assert!(allows(&[rule("10.1.2.3")], private));
        assert!(!allows(&[rule("10.1.2.3")], loopback));
        assert!(allows(&[rule("localhost")], loopback));
        assert!(allows(&[rule("localhost")], "::1".parse().unwrap()));
        assert!(allows(
            &[rule("localhost")],
            "::ffff:127.0.0.1".parse().unwrap()
        ));
        assert!(!allows(&[rule("localhost")], private));
        let other_port = HostRule {
            port: Some(8080),
            ..rule("127.0.0.1")
        };
        assert!(!allows(&[other_port], loopback));
    }

    #[test]
    fn what_is_reached_is_granted() {
        let hosts = |granted: Vec<HostRule>| Hosts {
            granted: granted.into(),
            withheld: Some(vec![rule("y.com")].into()),
        };
        let [x, y] = ["http://x.com", "http://y.com"].map(target);
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let listed = hosts(vec![rule("x.com"), rule("127.0.0.1")]);
        assert!(listed.is_granted(&x) && listed.allow_address(&x, loopback));
        assert!(!listed.is_granted(&y));
        let refusal = |to: &Target| listed.refusal(to, "allowedHosts");
        assert!(refusal(&y).contains("lists \"y.com\", but the caller does not grant it"));
        assert!(refusal(&target("http://z.com")).ends_with(
            "may not reach \"z.com\" (http, port 80): add it to grants.allowedHosts, or pass --allow-hosts z.com"
        ));
        assert!(refusal(&target("http://z;$(x)")).contains("--allow-hosts 'z;$(x)'"));
        let any = hosts(vec![HostRule::default()]);
        assert!(any.is_granted(&y) && !any.allow_address(&y, loopback));
        assert!(!hosts(vec![]).is_granted(&x));
    }

    #[test]
    fn an_address_is_read_in_all_its_spellings() {
        let rule = rule("127.0.0.1");
        for url in [
            "http://127.1",
            "http://0x7f.0.0.1",
            "http://2130706433",
            "http://127.0.0.1.",
            "http://127.0.0.1",
        ] {
            assert!(rule.allows(&target(url)), "{url}");
        }
        assert!(self::rule("::1").allows(&target("http://[::1]:80")));
    }
}
