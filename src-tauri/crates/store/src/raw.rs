//! Raw payloads: what the provider said, whole, compressed on its own so that one is read without the others.
//!
//! A single message is too short for a compressor to learn its field names from, so they come from a dictionary. A
//! dictionary, once released, never changes; a better one gets the next number, and the old ones stay for what was
//! packed with them.
//!
//! - 1: an invented message of each platform in Ayrshare's shape.
//! - 2: the same, every kind of message in Graph's two spellings (`reference/meta-graph.md` 4), and the phrases of every
//!   day; before them zstd's own tables of how often which letter occurs (`ZDICT_finalizeDictionary` over 6,000 invented
//!   messages with random names and ids), so that a payload need not bring its own.
//!
//! What remains is what no dictionary can know: the platform's random id, the text, names, signed addresses.

use rusqlite::{Connection, OptionalExtension, Statement};

use crate::{Result, StoreError};

const CODEC_PLAIN: i64 = 0;
const CODEC_ZSTD: i64 = 1;
const DICTIONARY_1: &[u8] = include_bytes!("raw/dictionary-1.txt");
const DICTIONARY_2: &[u8] = include_bytes!("raw/dictionary-2.zstd");
/// The one that is packed with.
const NEWEST: (i64, &[u8]) = (2, DICTIONARY_2);
const LEVEL: i32 = 3;
/// The largest payload that is read back: a message list is at most 64 MB, so one message is less.
const MAX_BYTES: usize = 64 << 20;

/// Compresses payloads of one batch with one context: setting one up costs more than a message.
pub(crate) struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
}

impl Packer {
    pub(crate) fn new() -> Result<Self> {
        let mut compressor = zstd::bulk::Compressor::with_dictionary(LEVEL, NEWEST.1)?;
        // The column says which it is.
        compressor.include_dictid(false)?;
        Ok(Self { compressor })
    }

    /// Stores `raw` through `insert`, the statement of [`INSERT`].
    pub(crate) fn store(&mut self, insert: &mut Statement<'_>, id: i64, raw: &str) -> Result<()> {
        let packed = self.compressor.compress(raw.as_bytes())?;
        if packed.len() < raw.len() {
            insert.execute((id, CODEC_ZSTD, NEWEST.0, packed))?;
        } else {
            insert.execute((id, CODEC_PLAIN, 0, raw.as_bytes()))?;
        }
        Ok(())
    }
}

pub(crate) const INSERT: &str = "INSERT INTO raw (id, codec, dictionary, bytes) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (id) DO UPDATE SET codec = excluded.codec, dictionary = excluded.dictionary, bytes = excluded.bytes";

/// Reads the payload of a message.
pub(crate) fn get(connection: &Connection, id: i64) -> Result<Option<String>> {
    let row: Option<(i64, i64, Vec<u8>)> = connection
        .prepare_cached("SELECT codec, dictionary, bytes FROM raw WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((codec, dictionary, bytes)) = row else { return Ok(None) };
    let plain = match (codec, dictionary) {
        (CODEC_PLAIN, _) => bytes,
        (CODEC_ZSTD, 1) => unpack(&bytes, DICTIONARY_1)?,
        (CODEC_ZSTD, 2) => unpack(&bytes, DICTIONARY_2)?,
        _ => return Err(StoreError::Value { column: "codec", value: format!("{codec}/{dictionary}") }),
    };
    String::from_utf8(plain).map(Some).map_err(|_| StoreError::Corrupt("a raw payload is not UTF-8".to_owned()))
}

fn unpack(bytes: &[u8], dictionary: &[u8]) -> Result<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten().unwrap_or(0);
    let size = usize::try_from(size).unwrap_or(MAX_BYTES).min(MAX_BYTES);
    Ok(zstd::bulk::Decompressor::with_dictionary(dictionary)?.decompress(bytes, size)?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::test_support;

    #[test]
    fn a_payload_comes_back_byte_for_byte_and_small() {
        let connection = test_support::memory();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let raw = r#"{"id":"aWdfZAG1faXRlbToxOk1","conversationId":"aWdfZAG06MTc","platform":"instagram","action":"received","senderId":"1784140","senderDetails":{"name":"Ines Duarte","profileImage":"https://img.example.test/1784140.jpeg"},"recipientId":"17841400","created":"2026-02-03T09:59:40.001Z","message":"Could you write my name on it? 🎂"}"#;
        let mut packer = Packer::new().unwrap();
        for (id, text) in [(1, raw), (2, "x"), (3, "")] {
            packer.store(&mut connection.prepare(INSERT).unwrap(), id, text).unwrap();
            assert_eq!(get(&connection, id).unwrap().unwrap(), text);
        }
        let stored: i64 = connection.query_row("SELECT length(bytes) FROM raw WHERE id = 1", [], |r| r.get(0)).unwrap();
        assert!((stored as f64) < 0.5 * raw.len() as f64, "{stored} of {}", raw.len());
        assert_eq!(get(&connection, 4).unwrap(), None);
    }

    #[test]
    fn what_an_older_dictionary_packed_is_still_read() {
        let connection = test_support::memory();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let raw = r#"{"id":"m_1","conversationId":"t_1","platform":"facebook","action":"received","message":"Hello"}"#;
        for (id, dictionary) in [(1, DICTIONARY_1), (2, DICTIONARY_2)] {
            let packed =
                zstd::bulk::Compressor::with_dictionary(3, dictionary).unwrap().compress(raw.as_bytes()).unwrap();
            connection.prepare(INSERT).unwrap().execute((id, CODEC_ZSTD, id, packed)).unwrap();
            assert_eq!(get(&connection, id).unwrap().unwrap(), raw);
        }
    }

    #[test]
    fn graphs_payloads_come_back_and_cost_little_beside_their_id_and_text() {
        let connection = test_support::memory();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let id = "m_BOy6VlcgN0RQa14cYF7wzKy86dpW617bjOg27-na1gK-1XBGlLQ3486abWNZubkL";
        let text = "Ten loaves then, please \\ud83e\\udd56";
        let raw = format!(
            r#"{{"id":"{id}","created_time":"2026-08-31T23:00:00+0000","from":{{"name":"Priya Nair","id":"7948448427630586"}},"to":{{"data":[{{"id":"4195452915637362"}}]}},"message":"{text}"}}"#
        );
        Packer::new().unwrap().store(&mut connection.prepare(INSERT).unwrap(), 1, &raw).unwrap();
        assert_eq!(get(&connection, 1).unwrap().unwrap(), raw);
        let stored: i64 = connection.query_row("SELECT length(bytes) FROM raw", [], |r| r.get(0)).unwrap();
        assert!(stored < i64::try_from(id.len() + text.len()).unwrap() + 60, "{stored} of {}", raw.len());
    }
}
