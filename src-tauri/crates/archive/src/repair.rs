//! Meta's broken text: each byte of the UTF-8 is written as a character of its own, so that `é` reads `Ã©` and an emoji
//! four characters of nonsense. It is so in the JSON of Facebook and Instagram since 2018, and not in that of Messenger's
//! encrypted chats, so it is told by the text itself.
//!
//! Promises: broken text comes out right, whatever it says; right text stays as it is if it has any character that no
//! byte can be, or if its bytes make no UTF-8. What is left (somebody truly wrote `Ã©`) cannot be told apart and is taken
//! for broken.

use std::borrow::Cow;

/// The text as it was meant.
pub(crate) fn repaired(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || text.chars().any(|c| u32::from(c) > 0xFF) {
        return Cow::Borrowed(text);
    }
    // Exact: no character is above 0xFF.
    let bytes: Vec<u8> = text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    if let Ok(whole) = std::str::from_utf8(&bytes) {
        return Cow::Owned(whole.to_owned());
    }
    // Meta cuts previews inside a character. What makes sense is mended, the rest is left.
    let mut mended = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        mended.push_str(chunk.valid());
        mended.extend(chunk.invalid().iter().map(|byte| char::from(*byte)));
    }
    Cow::Owned(mended)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As Meta writes it.
    fn broken(text: &str) -> String {
        text.bytes().map(char::from).collect()
    }

    #[test]
    fn names_emoji_and_scripts_come_out_right() {
        for text in ["Zoë Müller", "❤", "👩‍👩‍👧", "中文的时候", "сказал ей", "مرحبا", "plain"]
        {
            assert_eq!(repaired(&broken(text)), text);
        }
    }

    #[test]
    fn right_text_stays_right() {
        for text in ["Zoë", "crème brûlée", "中文", "12 € – ok", "¡olé!"] {
            assert_eq!(repaired(text), text);
        }
    }

    #[test]
    fn a_text_that_was_cut_inside_a_character_is_mended_up_to_there() {
        let mut cut = broken("so ❤");
        cut.pop();
        assert_eq!(repaired(&cut), "so \u{e2}\u{9d}");
    }

    proptest! {
        #[test]
        fn whatever_was_broken_is_whole_again(text in any::<String>()) {
            let as_written = broken(&text);
            prop_assert_eq!(repaired(&as_written), text);
        }

        #[test]
        fn what_has_a_character_that_no_byte_can_be_is_left_alone(a in any::<String>(), c in proptest::char::range('\u{100}', '\u{ffff}'), b in any::<String>()) {
            let text = format!("{a}{c}{b}");
            prop_assert_eq!(repaired(&text), text.as_str());
        }
    }
}
