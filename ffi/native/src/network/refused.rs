//! Why the network fails a guest.

use std::error::Error;
use std::fmt;
use std::io;

/// What went wrong, for the guest's eyes.
#[derive(Debug)]
pub struct Refused {
    pub kind: Kind,
    pub message: String,
}

/// What a guest's libraries tell apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// The policy or a limit says no.
    Denied,
    /// The request is malformed.
    Invalid,
    /// There is no such host.
    NotFound,
    /// The server's certificate is not one that the host trusts.
    Certificate,
    /// Anything else that fails between here and the server.
    Network,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Invalid => "invalid_request",
            Self::NotFound => "not_found",
            Self::Certificate => "certificate",
            Self::Network => "network",
        }
    }
}

impl Refused {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub fn error(kind: Kind, message: impl Into<String>) -> io::Error {
        io::Error::other(Self::new(kind, message))
    }

    /// What went wrong, from its root: the library's own words say less.
    pub fn from_error(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        let mut last = error.to_string();
        while let Some(error) = cause {
            if let Some(Self { kind, message }) = error.downcast_ref() {
                return Self::new(*kind, message.clone());
            }
            if let Some(error @ rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
                return Self::new(Kind::Certificate, error.to_string());
            }
            // An error of the system holds another one without telling.
            let inner = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref)
                .map(|inner| inner as &(dyn Error + 'static));
            last = error.to_string();
            cause = inner.or_else(|| error.source());
        }
        Self::new(Kind::Network, last)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Refused {}
