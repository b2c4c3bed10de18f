//! Where a page of X begins: the provider's opaque cursor, with the instant in front at which the walk began.
//!
//! That instant is what lets a later page of a walk prove coverage ([`super::normalize`]). It travels inside
//! [`crate::ReadDone::next`], so that a walk continued after a restart proves as much as one without.

use backscroll_model::Timestamp;

/// A place in a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Everything between the page before and this instant has been listed by the pages before. `None`: not known.
    pub top: Option<Timestamp>,
    /// `meta.pagination.next`, as it came.
    pub next: String,
}

impl Cursor {
    /// Reads what [`Self::write`] wrote; anything else is a bare cursor of the provider.
    pub fn read(written: &str) -> Self {
        let bare = || Self { top: None, next: written.to_owned() };
        let Some((top, next)) = written.split_once('~') else { return bare() };
        match (top.is_empty(), top.parse()) {
            (true, _) => Self { top: None, next: next.to_owned() },
            (false, Ok(ms)) => Self { top: Some(Timestamp(ms)), next: next.to_owned() },
            (false, Err(_)) => bare(),
        }
    }

    /// As one opaque word.
    pub fn write(&self) -> String {
        match self.top {
            Some(top) => format!("{}~{}", top.0, self.next),
            None => format!("~{}", self.next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_a_bare_cursor_is_taken_as_it_is() {
        for top in [None, Some(Timestamp(1_770_112_805_120)), Some(Timestamp(-5))] {
            for next in ["abc", "a~b", "12~34", "", "~"] {
                let cursor = Cursor { top, next: next.to_owned() };
                assert_eq!(Cursor::read(&cursor.write()), cursor);
            }
        }
        assert_eq!(Cursor::read("eyJhIjoxfQ"), Cursor { top: None, next: "eyJhIjoxfQ".to_owned() });
        assert_eq!(Cursor::read("abc~def").next, "abc~def");
    }
}
