//! Where a page begins: the `after` cursor alone, never the address that it came in, which carries the token (2.5).
//!
//! In front of it travel the instant at which the page before ended, which lets a later page of a walk prove coverage
//! ([`super::normalize`]), how many pages the walk has had, and prints of the cursors used before, so that a list that
//! leads in a circle ends, even when the walk goes on after a restart: a short circle at once, any other at [`PAGES`].

use backscroll_model::Timestamp;
use sha2::{Digest, Sha256};

/// Cursors of one walk that are remembered.
const SEEN: usize = 64;
/// Pages of one walk: 250,000 messages of a conversation, 50,000 conversations.
const PAGES: u32 = 5_000;
/// Characters of one print: 64 bits.
const PRINT: usize = 16;

/// A place in a walk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cursor {
    /// Everything from this instant up to where the walk began has been listed by the pages before. `None`: not known.
    pub top: Option<Timestamp>,
    /// Pages read before this one.
    pages: u32,
    /// Prints of the cursors that led here, this one included, oldest first.
    seen: String,
    /// Graph's cursor.
    pub after: String,
}

impl Cursor {
    /// Reads what [`Self::write`] wrote; anything else is a bare cursor of Graph's.
    pub fn read(written: &str) -> Self {
        let read = || {
            let mut parts = written.splitn(4, '~');
            let (top, pages, seen, after) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            let top = if top.is_empty() { None } else { Some(Timestamp(top.parse().ok()?)) };
            let fits = seen.len() % PRINT == 0 && seen.bytes().all(|b| b.is_ascii_hexdigit());
            let pages = pages.parse().ok().filter(|_| fits)?;
            Some(Self { top, pages, seen: seen.to_owned(), after: after.to_owned() })
        };
        read().unwrap_or_else(|| Self { after: written.to_owned(), ..Self::default() })
    }

    /// As one opaque word.
    pub fn write(&self) -> String {
        let top = self.top.map(|top| top.0.to_string()).unwrap_or_default();
        format!("{top}~{}~{}~{}", self.pages, self.seen, self.after)
    }

    /// The cursor after `before` (`None`: of the first page), or why the walk breaks off.
    pub fn following(before: Option<&Self>, after: String, top: Option<Timestamp>) -> Result<Self, &'static str> {
        let pages = before.map_or(0, |cursor| cursor.pages).saturating_add(1);
        if pages > PAGES {
            return Err("the list does not end");
        }
        let mut seen = before.map(|cursor| cursor.seen.clone()).unwrap_or_default();
        let print: String = hex::encode(Sha256::digest(after.as_bytes())).chars().take(PRINT).collect();
        let known = seen.as_bytes().chunks(PRINT).any(|one| one == print.as_bytes());
        if known || before.is_some_and(|cursor| cursor.after == after) {
            return Err("the list leads in a circle: its next page was read before");
        }
        seen.push_str(&print);
        let surplus = seen.len().saturating_sub(SEEN * PRINT);
        Ok(Self { top, pages, seen: seen.split_off(surplus), after })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_a_bare_cursor_is_taken_as_it_is() {
        for top in [None, Some(Timestamp(1_795_190_671_000)), Some(Timestamp(-5))] {
            for after in ["QVFI", "a~b~c", "", "12~34", "~"] {
                let first = Cursor::following(None, after.to_owned(), top).unwrap();
                assert_eq!(Cursor::read(&first.write()), first);
                let second = Cursor::following(Some(&first), format!("{after}2"), None).unwrap();
                assert_eq!(Cursor::read(&second.write()), second);
            }
        }
        for bare in ["QVFIeHZA", "abc~def", "x~1~~y", "1~2~zz~y", "~-1~~y"] {
            assert_eq!(Cursor::read(bare).after, bare);
        }
    }

    #[test]
    fn a_circle_of_cursors_ends() {
        let mut cursor = Cursor::following(None, "a".to_owned(), None).unwrap();
        for next in ["b", "c"] {
            cursor = Cursor::read(&Cursor::following(Some(&cursor), next.to_owned(), None).unwrap().write());
        }
        for known in ["a", "b", "c"] {
            assert!(Cursor::following(Some(&cursor), known.to_owned(), None).is_err(), "{known}");
        }
        let bare = Cursor::read("a");
        assert!(Cursor::following(Some(&bare), "a".to_owned(), None).is_err(), "without prints too");
    }

    #[test]
    fn a_circle_that_is_longer_than_what_is_remembered_ends_too() {
        let mut cursor = Cursor::following(None, "0".to_owned(), None).unwrap();
        let mut pages = 1;
        while let Ok(next) = Cursor::following(Some(&cursor), (pages % (2 * SEEN)).to_string(), None) {
            cursor = Cursor::read(&next.write());
            pages += 1;
            assert!(pages <= 5_000, "walked for ever");
        }
        assert_eq!(pages, 5_000);
    }

    #[test]
    fn a_long_walk_does_not_grow_its_cursor_without_bound() {
        let mut cursor = Cursor::following(None, "start".to_owned(), None).unwrap();
        for n in 0..1_000 {
            cursor = Cursor::following(Some(&cursor), n.to_string(), None).unwrap();
        }
        assert!(cursor.write().len() < 1_100, "{}", cursor.write().len());
    }
}
