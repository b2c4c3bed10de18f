//! Where our messages stand in their thread until the platform has told the place of each.
//!
//! A message that waits stands where it was written, by our clock. The platform tells its own time with the echo, and
//! echoes come one by one: without care, the first of two messages would stand below the second until that one's echo
//! came as well, and two clocks that differ by a second would do the same the other way round. So whoever is told its
//! place takes along those that it would overtake: what was sent behind it moves behind it, what was sent before it stays
//! before it. The platform's own word about those, when it comes, overrules this.

use rusqlite::Connection;

use crate::Result;

/// A place in a thread: time, and rank among equal times.
pub(crate) type Standing = (i64, i64);

/// Ranks are 16 bits wide.
const LAST: i64 = u16::MAX as i64;

/// A message of ours moved from one place to another; `digest = 0` marks those of which the platform told nothing yet.
/// Answers the messages that moved with it.
pub(crate) fn keep_order(
    connection: &Connection,
    conversation: i64,
    message: i64,
    from: Standing,
    to: Standing,
) -> Result<Vec<i64>> {
    let down = to > from;
    let sql = if down { BEHIND } else { BEFORE };
    let overtaken: Vec<(i64, Standing)> = connection
        .prepare_cached(sql)?
        .query_map((conversation, message, from.0.min(to.0), from.0.max(to.0)), |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut neighbour = to;
    let mut moved = Vec::new();
    for (id, stands) in overtaken {
        let is_in_order = if down { stands > neighbour } else { stands < neighbour };
        if is_in_order {
            neighbour = stands;
            continue;
        }
        neighbour = match neighbour {
            (at, rank) if down => (at, (rank + 1).min(LAST)),
            (at, 0) => (at - 1, LAST),
            (at, rank) => (at, rank - 1),
        };
        connection.prepare_cached("UPDATE message SET at = ?2, tie = ?3 WHERE id = ?1")?.execute((
            id,
            neighbour.0,
            neighbour.1,
        ))?;
        moved.push(id);
    }
    Ok(moved)
}

/// Sent behind it: the later parts of its intent, what waits in the line behind it, what left after it; each with the later
/// parts of its own intent, whatever became of those. What is for later has its own time, and what failed, or waits for
/// the user's word, stays where the user saw it.
const BEHIND: &str = "SELECT m.id, m.at, m.tie
    FROM part q CROSS JOIN message m INDEXED BY message_thread CROSS JOIN part p ON p.message = m.id
    WHERE q.message = ?2 AND m.conversation = ?1 AND m.at BETWEEN ?3 AND ?4 AND m.digest = 0
        AND ((p.intent = q.intent AND p.ordinal > q.ordinal) OR (p.intent <> q.intent AND EXISTS (
            SELECT 1 FROM part s INDEXED BY part_intent WHERE s.intent = p.intent AND s.ordinal <= p.ordinal AND (
                (s.state IN (0, 1) AND s.intent > q.intent AND ifnull(s.reason ->> 'kind', '') <> 'scheduled')
                OR (s.state IN (2, 3) AND (SELECT max(id) FROM attempt WHERE part = s.id)
                    > (SELECT max(id) FROM attempt WHERE part = q.id))))))
    ORDER BY p.intent, p.ordinal";

/// Sent before it, nearest first: the earlier parts of its intent, and what left before it and may have arrived; each with
/// the earlier parts of its own intent.
const BEFORE: &str = "SELECT m.id, m.at, m.tie
    FROM part q CROSS JOIN message m INDEXED BY message_thread CROSS JOIN part p ON p.message = m.id
    WHERE q.message = ?2 AND m.conversation = ?1 AND m.at BETWEEN ?3 AND ?4 AND m.digest = 0
        AND ((p.intent = q.intent AND p.ordinal < q.ordinal) OR (p.intent <> q.intent AND EXISTS (
            SELECT 1 FROM part s INDEXED BY part_intent WHERE s.intent = p.intent AND s.ordinal >= p.ordinal
                AND s.state IN (2, 3, 5, 6, 7) AND (SELECT max(id) FROM attempt WHERE part = s.id)
                    < (SELECT max(id) FROM attempt WHERE part = q.id))))
    ORDER BY p.intent DESC, p.ordinal DESC";

#[cfg(test)]
mod tests {
    use super::{BEFORE, BEHIND};
    use crate::test_support::{assert_walks, memory};

    #[test]
    fn what_is_overtaken_is_looked_for_between_two_places_alone() {
        let connection = memory();
        for sql in [BEHIND, BEFORE] {
            let plan = crate::test_support::plan(&connection, sql);
            assert!(plan.contains("message_thread (conversation=? AND at>? AND at<?)"), "{plan}");
            assert!(!plan.contains("SCAN"), "{plan}");
        }
        assert_walks(&connection, "SELECT max(id) FROM attempt WHERE part = ?1", "attempt_part");
    }
}
