//! New messages become rows.

use std::{cmp::Reverse, collections::HashMap};

use backscroll_model::{Direction, MessageKind, MessageSeen, RemoteId};
use rusqlite::{CachedStatement, Connection};

use super::{
    super::{
        Applied, ApplyContext, Arrival, Facts, INSERT_REACTION, Work, files, held,
        row::{Last, Row},
        unsent,
    },
    Again, New, Sorted, imported,
};
use crate::{
    Result, codes,
    codes::flag,
    ids::Ids,
    parked::{self, Came, Target},
    placeholder, raw, search,
};

impl Sorted<'_> {
    /// Inserts what is new. What turns out to be held (an own message that the answer to its sending named) goes to
    /// the held ones.
    pub(in super::super) fn insert_new(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        context: &ApplyContext,
        works: &mut [Work],
        applied: &mut Applied,
    ) -> Result<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        self.new.sort_by_key(|new| (new.seen.at, new.work, new.seen.tie, Reverse(new.rank)));
        let mut ids = Ids::default();
        let mut writer = Writer::new(connection, context.arrival == Arrival::Import)?;
        let is_webhook = context.arrival == Arrival::Webhook;
        let unsent = unsent::any(connection, facts)?;
        let (listed, parked) = (placeholder::any(connection, facts.account)?, parked::any(connection, facts.account)?);
        let mut waiting: Vec<(usize, &RemoteId, Target, Came)> = Vec::new();
        let mut oldest = i64::MAX;
        let mut newest: HashMap<usize, &MessageSeen> = HashMap::new();
        for new in std::mem::take(&mut self.new) {
            let Some(work) = works.get_mut(new.work) else { continue };
            let seen = new.seen;
            let id = ids.take(connection, seen.at)?.0;
            let taken_back =
                (unsent && unsent::was_unsent(connection, facts, &seen.remote_id)?) || seen.kind == MessageKind::Unsent;
            // One that was taken back opens the conversation as it would have by coming earlier, but nobody is told.
            let is_news = context.arrival.is_live() && seen.direction == Direction::In && seen.at.0 > facts.news_floor;
            let Some(flags) = writer.insert(facts, &work.row, id, &new, taken_back, is_news, is_webhook)? else {
                self.held.push(Again { work: new.work, seen, digest: new.digest, read_at: new.read_at });
                continue;
            };
            if listed {
                self.came.push(&seen.remote_id);
            }
            if parked {
                let kind = if taken_back { codes::UNSENT } else { codes::kind(seen.kind) };
                let how = match is_webhook {
                    true => Came::Told,
                    false => Came::Read { at: new.read_at, reactions: seen.reactions.is_some() },
                };
                waiting.push((new.work, &seen.remote_id, Target { id, at: seen.at.0, kind, flags }, how));
            }
            // To the second: a webhook and a reading tell the same one.
            oldest = oldest.min(seen.at.0 - seen.at.0.rem_euclid(1_000));
            work.added = true;
            work.touched.insert(id);
            work.delta.inserted(seen, taken_back, is_news);
            work.delta.imported |= context.arrival == Arrival::Import;
            if work.delta.last.as_ref().is_none_or(|last| last.key() < (seen.at.0, i64::from(seen.tie), id)) {
                work.delta.last = Some(last(seen, id, taken_back));
                newest.insert(new.work, seen);
            }
            applied.new += 1;
        }
        for (number, seen) in newest {
            let last = works.get_mut(number).and_then(|work| work.delta.last.as_mut());
            if let Some(last) = last.filter(|last| last.kind != codes::UNSENT) {
                last.text = seen.text.as_deref().and_then(crate::preview);
            }
        }
        for (number, message, row, how) in waiting {
            if let Some(work) = works.get_mut(number) {
                parked::came(connection, facts, work, message, row, how)?;
            }
        }
        connection
            .prepare_cached(
                "UPDATE counter SET oldest_at = ?2 WHERE account = ?1 AND (oldest_at IS NULL OR oldest_at > ?2)",
            )?
            .execute((facts.account, oldest))?;
        Ok(())
    }
}

/// Without its text: that costs more than the rest of a message, and only the newest one's is kept.
fn last(seen: &MessageSeen, id: i64, taken_back: bool) -> Last {
    Last {
        at: seen.at.0,
        tie: i64::from(seen.tie),
        id,
        direction: codes::direction(seen.direction),
        kind: if taken_back { codes::UNSENT } else { codes::kind(seen.kind) },
        send_state: None,
        text: None,
    }
}

/// The statements of an insert, prepared once per batch.
struct Writer<'c> {
    is_import: bool,
    held_key: CachedStatement<'c>,
    message: CachedStatement<'c>,
    held: CachedStatement<'c>,
    attachment: CachedStatement<'c>,
    reaction: CachedStatement<'c>,
    index: search::Index<'c>,
    packer: raw::Packer<'c>,
}

impl<'c> Writer<'c> {
    fn new(connection: &'c Connection, is_import: bool) -> Result<Self> {
        Ok(Self {
            is_import,
            held_key: connection.prepare_cached(imported::HOLDS_KEY)?,
            message: connection.prepare_cached(
                "INSERT INTO message (id, conversation, at, tie, direction, kind, origin, flags, announce, text,
                    remote_id, account, digest, reply_to, remote_hash, import_key)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, id_hash(?11), ?15)",
            )?,
            held: connection.prepare_cached(held::HOLDS)?,
            attachment: connection.prepare_cached(files::INSERT)?,
            reaction: connection.prepare_cached(INSERT_REACTION)?,
            index: search::Index::new(connection)?,
            packer: raw::Packer::new(connection)?,
        })
    }

    /// Answers the row's flags; `None`: the platform's message is held.
    #[expect(clippy::too_many_arguments, reason = "one row, and how it came")]
    fn insert(
        &mut self,
        facts: &Facts,
        row: &Row,
        id: i64,
        new: &New<'_>,
        taken_back: bool,
        is_news: bool,
        is_webhook: bool,
    ) -> Result<Option<i64>> {
        let seen = new.seen;
        let key = imported::key(row.id, &seen.remote_id);
        let is_held = match &key {
            Some(key) => self.held_key.exists((facts.account, key))?,
            None => self.held.exists((facts.account, seen.remote_id.as_str()))?,
        };
        if is_held {
            return Ok(None);
        }
        let remote_id = key.is_none().then(|| seen.remote_id.as_str());
        let text = seen.text.as_deref().filter(|_| !taken_back);
        let attachments = if taken_back { &[][..] } else { &seen.attachments };
        let reactions = if taken_back { &[][..] } else { seen.reactions.as_deref().unwrap_or(&[]) };
        let reply_to = seen.reply_to.as_ref().filter(|_| !taken_back);
        let mut flags = if is_webhook { flag::WEBHOOK | flag::HOOKED } else { 0 };
        if self.is_import {
            flags |= flag::IMPORTED;
        }
        if reply_to.is_some() {
            flags |= flag::QUOTES;
        }
        if !attachments.is_empty() {
            flags |= flag::ATTACHMENTS;
        }
        if !reactions.is_empty() {
            flags |= flag::REACTIONS;
        }
        // A payload would give back what was taken back, unless it says so itself.
        let raw = if taken_back && seen.kind != MessageKind::Unsent { "" } else { &seen.raw };
        if !raw.is_empty() {
            flags |= flag::RAW;
        }
        let origin = match seen.direction {
            Direction::In => codes::REMOTE,
            Direction::Out => codes::ELSEWHERE,
        };
        self.message.execute((
            id,
            row.id,
            seen.at.0,
            seen.tie,
            codes::direction(seen.direction),
            if taken_back { codes::UNSENT } else { codes::kind(seen.kind) },
            origin,
            flags,
            (is_news && !taken_back).then_some(1),
            text,
            remote_id,
            facts.account,
            new.digest,
            reply_to.map(RemoteId::as_str),
            key,
        ))?;
        if let Some(text) = text {
            self.index.add(id, text)?;
        }
        for (ordinal, attachment) in attachments.iter().enumerate() {
            files::insert(&mut self.attachment, id, seen.kind.is_story(), ordinal, attachment)?;
        }
        for reaction in reactions {
            // Given at any time until now.
            self.reaction.execute((id, reaction.by.as_str(), &reaction.emoji, None::<i64>, false))?;
        }
        if !raw.is_empty() {
            let owner = raw::Owner {
                message: id,
                remote_id: remote_id.unwrap_or_default(),
                conversation: row.id,
                participant: row.now.participant,
            };
            self.packer.store(owner, raw)?;
        }
        Ok(Some(flags))
    }
}
