//! Raw payloads: what the provider said, whole, byte for byte; each one is read without the others.
//!
//! A single message is too short for a compressor to learn its field names from, so they come from a dictionary. What no
//! dictionary can know is random and half of the payload: ids, names, signed addresses. Most of that stands elsewhere:
//! the message's own id in its row, the ids, names and addresses of the two sides in each other payload of the
//! conversation. So these are cut out first ([`words`]), and the dictionary is written for payloads without them.
//!
//! Promises: what is put together again is what came, whatever happens to the rows meanwhile. Words of a conversation
//! never change; where a message gets another id, a trigger of the schema keeps the one that was cut out. No word is
//! anything that somebody wrote, so that a message that is taken back leaves nothing. How a payload was packed shows
//! nowhere.
//!
//! A dictionary, once released, never changes; a better one gets the next number, and the old ones stay for what was
//! packed with them.
//!
//! - 1: the phrases of every day; every kind of file in Ayrshare's and in Graph's spelling (`reference/meta-graph.md` 4);
//!   a message of each platform in the orders of fields that are known, words cut out. Before them zstd's own tables of
//!   how often which letter occurs (`ZDICT_finalizeDictionary` over 6,000 invented messages), so that a payload need not
//!   bring its own.

mod words;

use std::{collections::HashMap, sync::LazyLock};

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

use crate::{Result, StoreError};
use words::Words;

const CODEC_PLAIN: i64 = 0;
/// Words cut out, then zstd.
const CODEC_CUT: i64 = 1;
const DICTIONARY_1: &[u8] = include_bytes!("raw/dictionary-1.zstd");
/// The one that is packed with.
const NEWEST: i64 = 1;
/// One more than zstd's usual one: of payloads this short it makes 5 % less, and more levels make no more.
const LEVEL: i32 = 4;
/// How a frame begins (RFC 8878, 3.1.1); left out, as it is as long as a short word of the message.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// The largest payload that is read back: a message list is at most 64 MB, so one message is less.
const MAX_BYTES: usize = 64 << 20;

// Made ready once: that costs more than packing a batch.
static PACKS: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, LEVEL));
static UNPACKS_1: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1));

/// Whose payload it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'o> {
    /// The message; it is a row already.
    pub(crate) message: i64,
    /// The platform's id in that row, now.
    pub(crate) remote_id: &'o str,
    pub(crate) conversation: i64,
    /// The person of the conversation, where one is known.
    pub(crate) participant: Option<i64>,
}

/// Stores the payloads of one batch.
pub(crate) struct Packer<'c> {
    connection: &'c Connection,
    insert: CachedStatement<'c>,
    compressor: Compressor<'static>,
    /// By conversation.
    words: HashMap<i64, Words>,
}

impl<'c> Packer<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        let mut compressor = Compressor::with_prepared_dictionary(&PACKS)?;
        // The column says which it is.
        compressor.include_dictid(false)?;
        Ok(Self { connection, insert: connection.prepare_cached(INSERT)?, compressor, words: HashMap::new() })
    }

    /// Stores `raw`, in place of what was stored.
    pub(crate) fn store(&mut self, owner: Owner<'_>, raw: &str) -> Result<()> {
        let words = match self.words.entry(owner.conversation) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Words::load(self.connection, owner.conversation, owner.participant)?)
            }
        };
        let cut = words.cut(owner.remote_id, raw);
        let packed = self.compressor.compress(&cut)?;
        match packed.strip_prefix(&MAGIC) {
            Some(packed) if packed.len() < raw.len() => {
                words.save(self.connection, owner.conversation)?;
                self.insert.execute((owner.message, CODEC_CUT, NEWEST, packed))?;
            }
            _ => {
                self.insert.execute((owner.message, CODEC_PLAIN, 0, raw.as_bytes()))?;
            }
        }
        Ok(())
    }
}

const INSERT: &str = "INSERT INTO raw (id, codec, dictionary, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id)
    DO UPDATE SET codec = excluded.codec, dictionary = excluded.dictionary, bytes = excluded.bytes, own_id = NULL";

/// Stores the payload of a message that is held.
pub(crate) fn replace(connection: &Connection, message: i64, participant: Option<i64>, raw: &str) -> Result<()> {
    let (conversation, remote_id): (i64, Option<String>) = connection
        .prepare_cached("SELECT conversation, remote_id FROM message WHERE id = ?1")?
        .query_row([message], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let remote_id = remote_id.as_deref().unwrap_or_default();
    Packer::new(connection)?.store(Owner { message, remote_id, conversation, participant }, raw)
}

/// Reads the payload of a message.
pub(crate) fn get(connection: &Connection, message: i64) -> Result<Option<String>> {
    type Columns = (i64, i64, Vec<u8>, Option<String>, i64);
    let mut statement = connection.prepare_cached(
        "SELECT r.codec, r.dictionary, r.bytes, ifnull(r.own_id, m.remote_id), m.conversation
         FROM raw r JOIN message m ON m.id = r.id WHERE r.id = ?1",
    )?;
    let row: Option<Columns> = statement
        .query_row([message], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .optional()?;
    let Some((codec, dictionary, bytes, own, conversation)) = row else { return Ok(None) };
    let plain = match (codec, dictionary) {
        (CODEC_PLAIN, _) => bytes,
        (CODEC_CUT, 1) => {
            let cut = unpack(&bytes, &UNPACKS_1)?;
            words::restore(&cut, own.as_deref().unwrap_or_default(), &words::of(connection, conversation)?)?
        }
        _ => return Err(StoreError::Value { column: "codec", value: format!("{codec}/{dictionary}") }),
    };
    String::from_utf8(plain).map(Some).map_err(|_| StoreError::Corrupt("a raw payload is not UTF-8".to_owned()))
}

fn unpack(bytes: &[u8], dictionary: &DecoderDictionary<'static>) -> Result<Vec<u8>> {
    let frame = [&MAGIC, bytes].concat();
    let size = zstd::zstd_safe::get_frame_content_size(&frame).ok().flatten().unwrap_or(0);
    let size = usize::try_from(size).unwrap_or(MAX_BYTES).min(MAX_BYTES);
    Ok(Decompressor::with_prepared_dictionary(dictionary)?.decompress(&frame, size)?)
}

#[cfg(test)]
#[path = "raw/tests.rs"]
mod tests;
