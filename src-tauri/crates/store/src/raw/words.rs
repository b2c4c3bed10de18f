//! The words of a conversation: what its payloads repeat and what says nothing about any of them, the ids, names and
//! addresses of its two sides. They are kept once, and payloads refer to them by number.
//!
//! A word is one as it stands between two quotation marks, so that cutting is one pass over the payload and knows nothing
//! of JSON: whatever came, hostile or torn, is put together again as it was. The bytes of a reference occur in no UTF-8.

use rusqlite::Connection;

use super::MAX_BYTES;
use crate::{Result, StoreError};

/// Stands for the message's own id.
const OWN: u8 = 0xFF;
/// Stands for a word, with the byte after it: its number and [`NUMBER`].
const WORD: u8 = 0xFE;
/// Keeps the second byte out of the ASCII that it would be compressed among.
const NUMBER: u8 = 0x80;
/// Words of one conversation; its later ones stay in the payloads. Only addresses that are signed anew come to that many.
const MOST: u8 = 64;
/// Shorter ones, in bytes, are not worth a reference.
const SHORTEST: usize = 4;
/// Longer ones, in bytes, are nobody's name or address.
const LONGEST: usize = 1_000;

/// A fact of each of these kinds gets the number of its place if that is free, so that the dictionary knows it: ids of
/// conversation, person, business; names of both; the person's picture; @handles of both.
const FACTS: &str = "SELECT c.remote_id, p.remote_id, a.remote_id, p.name, a.name, p.avatar_url, p.username, a.username
    FROM conversation c JOIN account a ON a.id = c.account LEFT JOIN participant p ON p.id = ?2 WHERE c.id = ?1";
const KINDS: u8 = 8;

/// The words of one conversation while payloads of it are packed.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Those that are kept, then those that will be.
    known: Vec<(u8, String)>,
    kept: usize,
    /// What becomes a word when a payload says it: number of its kind, one of its spellings.
    facts: Vec<(u8, String)>,
}

impl Words {
    pub(super) fn load(connection: &Connection, conversation: i64, participant: Option<i64>) -> Result<Self> {
        let known = of(connection, conversation)?;
        let facts = connection.prepare_cached(FACTS)?.query_row((conversation, participant), |row| {
            (0..KINDS).map(|kind| Ok((kind, row.get::<_, Option<String>>(usize::from(kind))?))).collect()
        });
        let facts: Vec<(u8, Option<String>)> = facts?;
        Ok(Self::new(known, facts.into_iter().filter_map(|(kind, fact)| Some((kind, fact?)))))
    }

    fn new(known: Vec<(u8, String)>, facts: impl Iterator<Item = (u8, String)>) -> Self {
        let spelt = facts.flat_map(|(kind, fact)| spellings(&fact).map(move |word| (kind, word)));
        let facts = spelt.filter(|(_, word)| (SHORTEST..=LONGEST).contains(&word.len())).collect();
        Self { kept: known.len(), known, facts }
    }

    /// The payload with references in place of `own`, the message's id, and of words.
    pub(super) fn cut(&mut self, own: &str, raw: &str) -> Vec<u8> {
        let mut cut = Vec::with_capacity(raw.len());
        for (place, piece) in raw.split('"').enumerate() {
            if place > 0 {
                cut.push(b'"');
            }
            if piece.len() < SHORTEST {
                cut.extend_from_slice(piece.as_bytes());
            } else if piece == own {
                cut.push(OWN);
            } else if let Some(number) = self.number(piece) {
                cut.extend([WORD, NUMBER + number]);
            } else {
                cut.extend_from_slice(piece.as_bytes());
            }
        }
        cut
    }

    fn number(&mut self, piece: &str) -> Option<u8> {
        if let Some((number, _)) = self.known.iter().find(|(_, word)| word == piece) {
            return Some(*number);
        }
        let (kind, _) = self.facts.iter().find(|(_, fact)| fact == piece)?;
        let is_free = |number: &u8| self.known.iter().all(|(taken, _)| taken != number);
        let number = std::iter::once(*kind).chain(KINDS..MOST).find(is_free)?;
        self.known.push((number, piece.to_owned()));
        Some(number)
    }

    /// Keeps the words that are new.
    pub(super) fn save(&mut self, connection: &Connection, conversation: i64) -> Result<()> {
        for (number, word) in self.known.iter().skip(self.kept) {
            connection
                .prepare_cached("INSERT INTO raw_word (conversation, number, word) VALUES (?1, ?2, ?3)")?
                .execute((conversation, number, word))?;
        }
        self.kept = self.known.len();
        Ok(())
    }
}

/// The words that are kept.
pub(super) fn of(connection: &Connection, conversation: i64) -> Result<Vec<(u8, String)>> {
    Ok(connection
        .prepare_cached("SELECT number, word FROM raw_word WHERE conversation = ?1 ORDER BY number")?
        .query_map([conversation], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}

/// The payload as it was before [`Words::cut`].
pub(super) fn restore(cut: &[u8], own: &str, words: &[(u8, String)]) -> Result<Vec<u8>> {
    let mut raw = Vec::with_capacity(cut.len() * 2);
    let mut bytes = cut.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            OWN => raw.extend_from_slice(own.as_bytes()),
            WORD => {
                let number = bytes.next().and_then(|byte| byte.checked_sub(NUMBER));
                let word = words.iter().find(|(other, _)| Some(*other) == number);
                let (_, word) =
                    word.ok_or_else(|| StoreError::Corrupt("a word of a raw payload is missing".to_owned()))?;
                raw.extend_from_slice(word.as_bytes());
            }
            byte => raw.push(byte),
        }
        if raw.len() > MAX_BYTES {
            return Err(StoreError::Corrupt("a raw payload is too long".to_owned()));
        }
    }
    Ok(raw)
}

/// How JSON spells a text between the quotation marks: as most do, and as Graph does, all ASCII and `/` escaped.
fn spellings(text: &str) -> impl Iterator<Item = String> + use<> {
    let quoted = serde_json::Value::from(text).to_string();
    let plain = quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned();
    let mut ascii = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '/' => ascii.push_str("\\/"),
            letter if letter.is_ascii() => ascii.push(letter),
            letter => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    ascii.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    let second = (ascii != plain).then_some(ascii);
    std::iter::once(plain).chain(second)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_spellings_of_a_fact_are_words() {
        let facts = [(3, "Zoë 🎂".to_owned()), (5, "https://a.test/z.jpg".to_owned())];
        let mut words = Words::new(Vec::new(), facts.into_iter());
        let raw = r#"["Zoë 🎂","Zo\u00eb \ud83c\udf82","https://a.test/z.jpg","https:\/\/a.test\/z.jpg"]"#;
        let cut = words.cut("m_1234", raw);
        assert_eq!(cut, b"[\"\xFE\x83\",\"\xFE\x88\",\"\xFE\x85\",\"\xFE\x89\"]");
        assert_eq!(restore(&cut, "m_1234", &words.known).unwrap(), raw.as_bytes());
    }

    #[test]
    fn a_conversation_has_room_for_so_many_words_and_the_rest_stays_in_the_payload() {
        let facts = (0..200).map(|number| (5, format!("https://a.test/{number}")));
        let mut words = Words::new(Vec::new(), facts);
        let raw = (0..200).map(|number| format!("\"https://a.test/{number}\"")).collect::<String>();
        let cut = words.cut("", &raw);
        // One has the place of its kind, the others those behind all kinds.
        assert_eq!(words.known.len(), 1 + usize::from(MOST - KINDS));
        assert_eq!(restore(&cut, "", &words.known).unwrap(), raw.as_bytes());
    }

    #[test]
    fn a_reference_to_nothing_is_damage() {
        for cut in [&b"\"\xFE\x85\""[..], b"\xFE", b"\xFE\x01"] {
            assert!(matches!(restore(cut, "m_1", &[(4, "word".into())]), Err(StoreError::Corrupt(_))), "{cut:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_came_is_put_together_again(
            own in "[a-z\"\\\\:$=/é🎂]{0,8}",
            facts in prop::collection::vec((0..KINDS, "[a-z\"\\\\/é🎂]{0,8}"), 0..8),
            pieces in prop::collection::vec(prop_oneof![
                any::<prop::sample::Index>().prop_map(Ok),
                prop_oneof![Just("\"".to_owned()), Just("\\\"".to_owned()), Just("\\".to_owned()), ".{0,6}"].prop_map(Err),
            ], 0..40),
            again in 1..3_usize,
        ) {
            let mut parts: Vec<String> = facts.iter().flat_map(|(_, fact)| spellings(fact)).collect();
            parts.push(own.clone());
            parts.push(format!("\"{own}\""));
            let raw: String = pieces.iter().map(|piece| match piece {
                Ok(index) => index.get(&parts).clone(),
                Err(text) => text.clone(),
            }).collect();
            let mut words = Words::new(Vec::new(), facts.into_iter());
            for _ in 0..again {
                let cut = words.cut(&own, &raw);
                prop_assert_eq!(restore(&cut, &own, &words.known).unwrap(), raw.as_bytes());
                prop_assert!(cut.len() <= raw.len());
            }
        }
    }
}
