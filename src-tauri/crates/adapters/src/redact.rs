//! Secrets by type: a [`Secret`] cannot be serialised and prints as `***`.

use std::fmt;

/// A credential. `Debug` and `Display` print `***`; there is no `Serialize`.
///
/// ```
/// use backscroll_adapters::Secret;
/// let key = Secret::new("ABCD-1234");
/// assert_eq!(format!("{key} {key:?}"), "*** Secret(***)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential; white space around it (from pasting) is dropped.
    pub fn new(raw: impl AsRef<str>) -> Self {
        Self(raw.as_ref().trim().to_owned())
    }

    /// The credential itself: for a header or the keychain, nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
