//! The store, the model and the platform's ledger, side by side.

use std::collections::{BTreeMap, BTreeSet};

use backscroll_model::{
    AccountId, AttachmentSeen, AttemptOutcome, ConversationId, Direction, Event, HOUR, MINUTE, MessageId, MessageKind,
    MessageSeen, OutgoingKind, Platform, Provider, ReplyWindow, SECOND, SendDecision, SendReason, SendState, Timestamp,
    WindowFacts,
};
use proptest::{prop_assert, prop_assert_eq, sample::Index, test_runner::TestCaseError};
use rusqlite::Connection;

use super::{
    Act,
    model::{Intent, Model, Part},
};
use crate::{
    apply::apply,
    codes,
    outbox::{
        Answer, AttemptId, NewPart, Outcome, Start, UploadOutcome, attempts, begin_attempt, begin_upload, decide,
        enqueue, finish_attempt, finish_upload, fresh_read, hold_back_old, next_sendable, progress, reason_of,
        reschedule, sending_found_at_start, set_waiting,
    },
    outgoing::tests::ready_file,
    test_support::{NOW, add_account, inbound, live, page, remote, seen},
};

type Checked<T = ()> = Result<T, TestCaseError>;

/// A message that the platform got.
#[derive(Debug, Clone)]
struct Delivered {
    part: usize,
    remote: String,
    at: Timestamp,
}

/// An attempt without an answer yet.
#[derive(Debug, Clone, Copy)]
struct OnTheWire {
    id: AttemptId,
    part: usize,
    attempt: usize,
    delivered: Option<usize>,
}

pub(super) struct World {
    /// `None` while it is opened again.
    pub(super) connection: Option<Connection>,
    account: AccountId,
    conversations: [ConversationId; 2],
    now: Timestamp,
    model: Model,
    ledger: Vec<Delivered>,
    /// At most one in a conversation: the engine sees to that.
    wire: BTreeMap<usize, OnTheWire>,
    /// Every id that a message of ours ever had.
    given: BTreeSet<MessageId>,
    said: u32,
}

fn chosen<T: Clone>(index: &Index, all: &[T]) -> Option<T> {
    (!all.is_empty()).then(|| index.get(all).clone())
}

impl World {
    pub(super) fn new(connection: Connection) -> Self {
        let account = add_account(&connection, Platform::X, "9001");
        let conversations = [0, 1].map(|n| {
            let name = format!("t{n}");
            let hello = page(&name, vec![inbound(&format!("hello{n}"), NOW.plus(-HOUR), "Hello?")], None);
            apply(&connection, account, &[hello], &live()).unwrap();
            crate::conversation_of(&connection, account, &remote(&name)).unwrap().unwrap()
        });
        Self {
            connection: Some(connection),
            account,
            conversations,
            now: NOW,
            model: Model::default(),
            ledger: Vec::new(),
            wire: BTreeMap::new(),
            given: BTreeSet::new(),
            said: 0,
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }

    /// A message whose bubble is there.
    fn shown(&self, index: &Index, fits: impl Fn(&Part) -> bool) -> Option<usize> {
        let all: Vec<usize> = (0..self.model.parts.len())
            .filter(|n| self.model.parts[*n].message.is_some() && fits(&self.model.parts[*n]))
            .collect();
        chosen(index, &all)
    }

    fn number_of(&self, message: MessageId) -> usize {
        self.model.parts.iter().position(|part| part.message == Some(message)).unwrap()
    }

    pub(super) fn goes_on(&mut self, act: &Act) -> Checked {
        self.now = self.now.plus(SECOND);
        match act {
            Act::Send { conversation, with_file, same_words, start } => {
                self.send(*conversation, *with_file, *same_words, *start)?;
            }
            Act::Wait(seconds) => self.now = self.now.plus(seconds * SECOND),
            Act::Customer(conversation) => self.customer(*conversation),
            Act::HoldBack => self.hold_back(),
            Act::Upload(conversation) => self.upload(*conversation)?,
            Act::Uploaded { which, how } => self.uploaded(which, *how),
            Act::Begin { conversation, arrives } => self.begin(*conversation, *arrives)?,
            Act::Finish { which, how } => self.finish(which, *how),
            Act::Echo { which, planted } => self.echo(which, *planted),
            Act::Read { conversation, age } => {
                let (fresh, wanted) = (self.now.plus(-age * SECOND), conversation.map(|n| self.conversations[n]));
                fresh_read(self.connection(), self.account, wanted, fresh, self.now).unwrap();
                self.model.reads(*conversation, fresh, self.now);
            }
            Act::Decide { which, decision } => self.decide(which, *decision)?,
            Act::Reschedule(which) => {
                if let Some(n) = self.shown(which, |_| true) {
                    let at = self.now.plus(HOUR);
                    let done = reschedule(self.connection(), self.model.parts[n].message.unwrap(), at).is_ok();
                    prop_assert_eq!(done, self.model.reschedules(n, at));
                }
            }
            Act::Gate { closed } => {
                let reason = closed.then_some(SendReason::Paused);
                set_waiting(self.connection(), self.account, reason.as_ref(), None).unwrap();
                self.model.gate(reason.as_ref());
            }
            Act::Crash => {
                self.wire.clear();
                let until = self.now.plus(5 * MINUTE);
                sending_found_at_start(self.connection(), self.now, until).unwrap();
                self.model.restarts(self.now);
            }
        }
        self.is_as_the_model_says()?;
        self.keeps_its_promises()?;
        if matches!(act, Act::Echo { .. } | Act::Finish { .. }) {
            self.stands_in_order()?;
        }
        Ok(())
    }

    /// What is shown of each message in the end is what the model says, too.
    pub(super) fn ends(&self) -> Checked {
        for part in &self.model.parts {
            let Some(message) = part.message else { continue };
            let shown = progress(self.connection(), message).unwrap().unwrap();
            let reason = shown.reason.filter(|reason| *reason != SendReason::BehindEarlier);
            prop_assert_eq!((shown.state, reason, shown.next_at), (part.state, part.reason.clone(), part.next_at));
            let attempts = attempts(self.connection(), message).unwrap();
            let outcomes: Vec<_> = attempts.into_iter().map(|attempt| attempt.outcome).collect();
            prop_assert_eq!(outcomes, part.attempts.iter().map(|attempt| attempt.outcome).collect::<Vec<_>>());
        }
        Ok(())
    }

    fn send(&mut self, conversation: usize, with_file: bool, same_words: bool, start: u8) -> Checked {
        self.said += 1;
        let text = if same_words { "ok".to_owned() } else { format!("text {}", self.said) };
        let mut parts = Vec::new();
        if with_file {
            let file = ready_file(self.connection(), self.conversations[conversation], 1);
            parts.push(NewPart {
                text: None,
                files: vec![file],
                kind: Some(OutgoingKind::Image),
                client_ref: format!("file{}", self.said),
            });
        }
        let client_ref = format!("ref{}", self.said);
        parts.push(NewPart { text: Some(text), files: Vec::new(), kind: None, client_ref });
        let (when, reason, next_at) = match start {
            0 => (Start::Held(self.now.plus(10 * SECOND)), Some(SendReason::Held), Some(self.now.plus(10 * SECOND))),
            1 => (Start::At(self.now.plus(HOUR)), Some(SendReason::Scheduled), Some(self.now.plus(HOUR))),
            _ => (Start::Now, None, None),
        };
        let sent = enqueue(self.connection(), self.conversations[conversation], &parts, None, self.now, when).unwrap();
        let intent = self.model.intents.len();
        let send_at = next_at.filter(|_| reason == Some(SendReason::Scheduled));
        self.model.intents.push(Intent { created: self.now, send_at });
        for (message, new) in sent.messages.into_iter().zip(parts) {
            prop_assert!(self.given.insert(message), "{message:?} was another message's id");
            let words = (new.text, new.client_ref);
            let part = Part::new(conversation, intent, message, words, self.now, (reason.clone(), next_at));
            self.model.parts.push(part);
        }
        Ok(())
    }

    fn customer(&mut self, conversation: usize) {
        self.said += 1;
        let event = inbound(&format!("in{}", self.said), self.now, "Are you there?");
        apply(self.connection(), self.account, &[page(&format!("t{conversation}"), vec![event], None)], &live())
            .unwrap();
    }

    fn hold_back(&mut self) {
        // When a window is open has its own tests; here it is given.
        let facts = self.conversations.map(|conversation| {
            let sql = "SELECT inbound_at, gap_after, refused_at FROM conversation WHERE id = ?1";
            let row = |row: &rusqlite::Row<'_>| {
                let time = |n| row.get::<_, Option<i64>>(n).map(|at| at.map(Timestamp));
                Ok(WindowFacts { inbound_at: time(0)?, gap_after: row.get(1)?, refused_at: time(2)? })
            };
            let facts = self.connection().query_row(sql, [conversation.0], row).unwrap();
            let window = ReplyWindow::through(Some(Provider::Ayrshare), Platform::X, &facts, self.now);
            (facts.inbound_at, window)
        });
        hold_back_old(self.connection(), self.account, self.now).unwrap();
        self.model.holds_back(facts, self.now);
    }

    /// The part that is on turn in a conversation, if nothing of that is under way.
    fn on_turn(&self, conversation: usize) -> Option<usize> {
        let ready = next_sendable(self.connection(), self.account, self.now).unwrap().ready;
        let numbers = ready.into_iter().map(|sendable| self.number_of(sendable.message));
        let is_at_work = self.wire.contains_key(&conversation);
        numbers.filter(|n| self.model.parts[*n].conversation == conversation).find(|_| !is_at_work)
    }

    fn upload(&mut self, conversation: usize) -> Checked {
        let Some(n) = self.on_turn(conversation).filter(|n| self.model.parts[*n].text.is_none()) else { return Ok(()) };
        begin_upload(self.connection(), self.model.parts[n].message.unwrap(), self.now).unwrap();
        self.model.parts[n].becomes(SendState::Uploading, None, None, self.now);
        prop_assert_eq!(self.on_turn(conversation), None, "it holds the queue");
        Ok(())
    }

    fn uploaded(&mut self, which: &Index, how: u8) {
        let fits = |part: &Part| part.state == SendState::Uploading;
        let Some(n) = self.shown(which, fits) else { return };
        let outcome = match how {
            0 | 1 => UploadOutcome::Done,
            2 => UploadOutcome::Later { reason: SendReason::Offline, next_at: Some(self.now.plus(MINUTE)) },
            _ => UploadOutcome::Refused { reason: SendReason::Rejected { said: "No.".into() } },
        };
        finish_upload(self.connection(), self.model.parts[n].message.unwrap(), &outcome, self.now).unwrap();
        self.model.uploads(n, how, self.now);
    }

    fn begin(&mut self, conversation: usize, arrives: bool) -> Checked {
        let Some(part) = self.on_turn(conversation) else {
            // Nobody else may begin.
            for part in self.model.parts.iter().filter(|part| part.state != SendState::Queued) {
                if let Some(message) = part.message {
                    prop_assert!(begin_attempt(self.connection(), message, 0, self.now).is_err());
                }
            }
            return Ok(());
        };
        let message = self.model.parts[part].message.unwrap();
        let (id, _) = begin_attempt(self.connection(), message, 7, self.now).unwrap();
        self.model.begins(part, self.now);
        let delivered = arrives.then(|| {
            let remote = format!("m{}", self.ledger.len());
            self.ledger.push(Delivered { part, remote, at: self.now.plus(1) });
            self.ledger.len() - 1
        });
        let attempt = self.model.parts[part].attempts.len() - 1;
        self.wire.insert(conversation, OnTheWire { id, part, attempt, delivered });
        Ok(())
    }

    fn finish(&mut self, which: &Index, how: u8) {
        let under_way: Vec<usize> = self.wire.keys().copied().collect();
        let Some(wire) = chosen(which, &under_way).and_then(|conversation| self.wire.remove(&conversation)) else {
            return;
        };
        let soon = Some(self.now.plus(MINUTE));
        // A provider that proves something is telling the truth, about this attempt.
        let (outcome, word, said) = match (how, wire.delivered) {
            (0..3, Some(delivered)) => {
                let name = self.ledger[delivered].remote.clone();
                let outcome = Outcome::Accepted { remote_id: remote(&name) };
                (outcome, AttemptOutcome::Accepted, (SendReason::NoAnswer, None, Some(name)))
            }
            (0, None) => {
                let outcome = Outcome::NotSent { reason: SendReason::RateLimited, next_at: soon };
                (outcome, AttemptOutcome::NotSent, (SendReason::RateLimited, soon, None))
            }
            (1, None) => {
                let outcome = Outcome::Refused { reason: SendReason::Recipient };
                (outcome, AttemptOutcome::Refused, (SendReason::Recipient, None, None))
            }
            _ => {
                let next_at = Some(self.now.plus(5 * MINUTE));
                let outcome = Outcome::Ambiguous { reason: SendReason::NoAnswer, next_at };
                (outcome, AttemptOutcome::Ambiguous, (SendReason::NoAnswer, next_at, None))
            }
        };
        let message = self.model.parts[wire.part].message.unwrap();
        finish_attempt(self.connection(), message, wire.id, &outcome, &Answer::default(), self.now).unwrap();
        self.model.finishes(wire.part, wire.attempt, word, said, self.now);
    }

    fn echo(&mut self, which: &Index, planted: bool) {
        let Some(delivered) = chosen(which, &self.ledger) else { return };
        let part = self.model.parts[delivered.part].clone();
        let planted = planted.then(|| part.client_ref.clone());
        let url = Some(format!("https://cdn.example.org/{}", delivered.remote));
        let kind = MessageKind::Image;
        let attachment = AttachmentSeen { kind, url, ..AttachmentSeen::default() };
        let words = seen(&delivered.remote, Direction::Out, delivered.at, part.text.as_deref().unwrap_or_default());
        let seen = match part.text {
            Some(_) => MessageSeen { client_ref: planted.clone(), ..words },
            None => MessageSeen { client_ref: planted.clone(), kind, attachments: vec![attachment], ..words },
        };
        let echo = page(&format!("t{}", part.conversation), vec![Event::Message(Box::new(seen))], None);
        apply(self.connection(), self.account, &[echo], &live()).unwrap();
        self.model.echoes(part.conversation, &delivered.remote, part.text.as_deref(), planted.as_deref(), delivered.at);
    }

    fn decide(&mut self, which: &Index, decision: SendDecision) -> Checked {
        let Some(n) = self.shown(which, |_| true) else { return Ok(()) };
        let done = decide(self.connection(), self.model.parts[n].message.unwrap(), decision, self.now).is_ok();
        prop_assert_eq!(done, self.model.decides(n, decision, self.now), "{:?}", decision);
        Ok(())
    }

    fn is_as_the_model_says(&self) -> Checked {
        let db = self.connection();
        let turn = next_sendable(db, self.account, self.now).unwrap();
        let ready: Vec<MessageId> = turn.ready.iter().map(|sendable| sendable.message).collect();
        prop_assert_eq!((ready, turn.next_at), self.model.ready(self.now), "whose turn it is");
        let mut rows = db
            .prepare_cached(
                "SELECT p.message, p.state, p.reason, p.next_at, p.since, p.released, p.wanted_at, m.remote_id,
                    (SELECT count(*) FROM attempt t WHERE t.part = p.id)
                 FROM part p LEFT JOIN message m ON m.id = p.message ORDER BY p.intent, p.ordinal",
            )
            .unwrap();
        let mut rows = rows.query([]).unwrap();
        for part in &self.model.parts {
            let row = rows.next().unwrap();
            prop_assert!(row.is_some(), "{:?} is gone", part);
            let row = row.unwrap();
            let time = |n| row.get::<_, Option<i64>>(n).unwrap().map(Timestamp);
            prop_assert_eq!(
                (
                    row.get::<_, Option<i64>>(0).unwrap().map(MessageId),
                    codes::send_state_of(row.get(1).unwrap()).unwrap(),
                    reason_of(row.get(2).unwrap()).unwrap(),
                    time(3),
                    time(4),
                ),
                (part.message, part.state, part.reason.clone(), part.next_at, Some(part.since)),
                "{:?}",
                part
            );
            let attempts = u32::try_from(part.attempts.len()).unwrap();
            prop_assert_eq!(
                (
                    row.get::<_, bool>(5).unwrap(),
                    time(6),
                    row.get::<_, Option<String>>(7).unwrap(),
                    row.get(8).unwrap()
                ),
                (part.released, Some(part.wanted), part.remote.clone(), attempts),
                "{:?}",
                part
            );
        }
        prop_assert!(rows.next().unwrap().is_none(), "there are more than were sent");
        Ok(())
    }

    /// I1 to I4, whatever the model says.
    fn keeps_its_promises(&self) -> Checked {
        let mut times = vec![0; self.model.parts.len()];
        for delivered in &self.ledger {
            times[delivered.part] += 1;
        }
        for (n, part) in self.model.parts.iter().enumerate() {
            prop_assert!(times[n] <= 1 + part.again, "I1: {:?} left {} times", part, times[n]);
            if part.message.is_none() {
                continue;
            }
            match part.state {
                SendState::Failed => prop_assert_eq!(times[n], 0, "I4: {:?} arrived", part),
                SendState::Accepted => {
                    let mine = self.ledger.iter().find(|d| Some(&d.remote) == part.remote.as_ref());
                    let same_words = mine.is_some_and(|d| self.model.parts[d.part].text == part.text);
                    prop_assert!(same_words, "I3: {:?} is another message", part);
                }
                _ => {}
            }
        }
        let ids: Vec<&String> = self.model.parts.iter().filter_map(|part| part.remote.as_ref()).collect();
        prop_assert_eq!(
            ids.iter().collect::<BTreeSet<_>>().len(),
            ids.len(),
            "one message of the platform is two of ours"
        );
        Ok(())
    }

    /// The parts of one press of Send stand in their order, as long as each left when it was its turn.
    fn stands_in_order(&self) -> Checked {
        for (n, conversation) in self.conversations.into_iter().enumerate() {
            let mut thread = self
                .connection()
                .prepare_cached("SELECT id FROM message WHERE conversation = ?1 ORDER BY at, tie, id")
                .unwrap();
            let thread: Vec<i64> =
                thread.query_map([conversation.0], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            let place = |part: &Part| thread.iter().position(|id| part.message.is_some_and(|message| message.0 == *id));
            for intent in 0..self.model.intents.len() {
                let parts: Vec<&Part> =
                    self.model.parts.iter().filter(|p| p.intent == intent && p.conversation == n).collect();
                if parts.iter().any(|part| part.out_of_turn) {
                    continue;
                }
                let places: Vec<usize> = parts.into_iter().filter_map(place).collect();
                prop_assert!(places.is_sorted(), "the parts of intent {} stand as {:?}", intent, places);
            }
        }
        Ok(())
    }
}
