//! Our own messages coming back: an echo belongs to the row that the user saw when it was sent
//! (`architecture.md`, invariant 3; `reliability.md`, the life of a sent message, 5).
//!
//! By our client reference, else by the platform's id (then the row is simply held), else by conversation, text and
//! time, and only to a part that has no id yet. Identical texts bind in the order in which they were sent.

use backscroll_model::{MINUTE, MessageSeen, SECOND};
use rusqlite::Connection;

use super::{Facts, Work, held::is_held};
use crate::{Result, codes, outbox};

/// The platform's clock may be this much behind ours.
const BEFORE_START: i64 = 5 * SECOND;
/// A message may show up this much after its attempt ended.
const AFTER_END: i64 = 120 * SECOND;
/// An attempt whose end is not known ended by this much after its start: the deadline of a send.
const DEADLINE: i64 = MINUTE;

/// The parts of an account that an echo could belong to, in the order of sending.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    parts: Vec<Candidate>,
}

#[derive(Debug)]
struct Candidate {
    part: i64,
    message: i64,
    conversation: i64,
    client_ref: String,
    text: String,
    /// What tells messages without a text apart.
    kind: i64,
    /// Spans of the platform's time in which an attempt may have delivered it.
    spans: Vec<(i64, i64)>,
}

impl Echoes {
    /// Usually finds nothing, by one look at a partial index.
    pub(super) fn load(connection: &Connection, facts: &Facts) -> Result<Self> {
        let mut statement = connection.prepare_cached(
            "SELECT p.id, p.message, p.conversation, p.client_ref, m.text, m.kind
             FROM part p INDEXED BY part_unfinished JOIN message m ON m.id = p.message
             WHERE p.account = ?1 AND p.state NOT IN (3, 4) AND m.remote_id IS NULL
             ORDER BY p.conversation, p.intent, p.ordinal",
        )?;
        let mut parts: Vec<Candidate> = statement
            .query_map([facts.account], |row| {
                Ok(Candidate {
                    part: row.get(0)?,
                    message: row.get(1)?,
                    conversation: row.get(2)?,
                    client_ref: row.get(3)?,
                    text: outbox::normalised(&row.get::<_, Option<String>>(4)?.unwrap_or_default()),
                    kind: row.get(5)?,
                    spans: Vec::new(),
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        for part in &mut parts {
            // Attempts that are proven not to have sent anything bind nothing; a part that waits to be sent again after an
            // unclear one still does, and is then not sent twice.
            part.spans = connection
                .prepare_cached(
                    "SELECT started_at, ended_at FROM attempt
                     WHERE part = ?1 AND (outcome IS NULL OR outcome NOT IN (1, 2))",
                )?
                .query_map([part.part], |row| {
                    let start: i64 = row.get(0)?;
                    let end: Option<i64> = row.get(1)?;
                    Ok((start - BEFORE_START, end.unwrap_or(start + DEADLINE) + AFTER_END))
                })?
                .collect::<rusqlite::Result<_>>()?;
        }
        Ok(Self { parts })
    }

    /// Gives the message to the part that it is the echo of. Returns false if it is nobody's.
    pub(super) fn bind(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        work: &mut Work,
        seen: &MessageSeen,
    ) -> Result<bool> {
        if self.parts.is_empty() || is_held(connection, facts, &seen.remote_id)? {
            return Ok(false);
        }
        let text = outbox::normalised(seen.text.as_deref().unwrap_or_default());
        let here = |part: &Candidate| part.conversation == work.row.id;
        let found = self
            .parts
            .iter()
            .position(|part| here(part) && seen.client_ref.as_deref() == Some(&part.client_ref))
            .or_else(|| {
                self.parts.iter().position(|part| {
                    here(part)
                        && seen.client_ref.is_none()
                        && part.text == text
                        && (!text.is_empty() || part.kind == codes::kind(seen.kind))
                        && part.spans.iter().any(|(from, to)| (*from..=*to).contains(&seen.at.0))
                })
            });
        let Some(found) = found else { return Ok(false) };
        let part = self.parts.remove(found);
        outbox::echoed(connection, part.part, part.message, &seen.remote_id, seen.at)?;
        work.touched.insert(part.message);
        work.delta.recompute = true;
        Ok(true)
    }
}
