//! Why modules do not become one.

use std::fmt::{self, Display, Formatter};
use wasm_encoder::reencode::Error;

pub type Result<T> = std::result::Result<T, Error<Unsupported>>;

/// Something that modules have and that one made of many would have to be more careful about.
#[derive(Clone, Copy, Debug)]
pub struct Unsupported(pub &'static str);

impl Display for Unsupported {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

pub const UNKNOWN: Error<Unsupported> = Error::UserError(Unsupported("an index that nothing has"));
