//! The reference: what must come of each act, without SQL.

use std::collections::BTreeMap;

use backscroll_model::{
    AttemptOutcome, HOUR, MINUTE, MessageId, ReplyWindow, SECOND, SendDecision, SendReason,
    SendState::{self, Accepted, Failed, NeedsReview, Queued, Sending, Settled, Unknown, Uploading},
    StaleCause, Timestamp,
};

/// How long after an attempt a reading must be to count.
pub(super) const LAG: i64 = 195 * SECOND;

#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) started: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) outcome: Option<AttemptOutcome>,
}

impl Attempt {
    fn is_unclear(&self) -> bool {
        !matches!(self.outcome, Some(AttemptOutcome::NotSent | AttemptOutcome::Refused))
    }

    /// Whether the platform may have got it at that time.
    fn covers(&self, at: Timestamp) -> bool {
        let end = self.ended.unwrap_or(self.started.plus(MINUTE));
        self.is_unclear() && self.started.plus(-5 * SECOND) <= at && at <= end.plus(2 * MINUTE)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) conversation: usize,
    pub(super) intent: usize,
    /// `None`: its bubble is gone.
    pub(super) message: Option<MessageId>,
    /// `None`: a picture.
    pub(super) text: Option<String>,
    pub(super) client_ref: String,
    pub(super) state: SendState,
    pub(super) reason: Option<SendReason>,
    pub(super) next_at: Option<Timestamp>,
    pub(super) since: Timestamp,
    pub(super) wanted: Timestamp,
    pub(super) released: bool,
    reads: u32,
    read_at: Option<Timestamp>,
    pub(super) attempts: Vec<Attempt>,
    /// The platform's id.
    pub(super) remote: Option<String>,
    /// How often the user asked for another one at their own risk.
    pub(super) again: usize,
    /// Something other than its turn decided when it left.
    pub(super) out_of_turn: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Intent {
    pub(super) created: Timestamp,
    pub(super) send_at: Option<Timestamp>,
}

/// Who has a message of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Part(usize),
    /// A row of its own: typed elsewhere, for all that is known.
    Nobody,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) intents: Vec<Intent>,
    /// In the order of sending: by intent, then by place in it.
    pub(super) parts: Vec<Part>,
    pub(super) held: BTreeMap<String, Holder>,
}

impl Part {
    pub(super) fn new(
        conversation: usize,
        intent: usize,
        message: MessageId,
        (text, client_ref): (Option<String>, String),
        now: Timestamp,
        start: (Option<SendReason>, Option<Timestamp>),
    ) -> Self {
        let (reason, next_at) = start;
        let wanted = if reason == Some(SendReason::Scheduled) { next_at.unwrap() } else { now };
        Self {
            conversation,
            intent,
            message: Some(message),
            text,
            client_ref,
            state: Queued,
            reason,
            next_at,
            since: now,
            wanted,
            released: false,
            reads: 0,
            read_at: None,
            attempts: Vec::new(),
            remote: None,
            again: 0,
            out_of_turn: false,
        }
    }

    pub(super) fn becomes(
        &mut self,
        state: SendState,
        reason: Option<SendReason>,
        next_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        (self.state, self.reason, self.next_at, self.since) = (state, reason, next_at, now);
    }

    /// Proven not sent this time; whether that is the end hangs on the attempts before it.
    fn fails(&mut self, reason: SendReason, now: Timestamp) {
        if self.attempts.iter().any(Attempt::is_unclear) {
            self.becomes(NeedsReview, Some(SendReason::NotFound), None, now);
        } else {
            self.becomes(Failed, Some(reason), None, now);
        }
    }

    fn is_discarded(&mut self, now: Timestamp) {
        self.becomes(Failed, Some(SendReason::Discarded), None, now);
        self.message = None;
    }

    fn is_open(&self) -> bool {
        self.message.is_some() && !matches!(self.state, Accepted | Failed | Settled)
    }

    /// Waits for a moment, a time, or a word of the user.
    pub(super) fn waits(&self) -> bool {
        self.state == Queued
            && matches!(self.reason, Some(SendReason::Stale { .. } | SendReason::Held | SendReason::Scheduled))
    }
}

impl Model {
    /// Those on turn, and when the next one is.
    pub(super) fn ready(&self, now: Timestamp) -> (Vec<MessageId>, Option<Timestamp>) {
        let (mut ready, mut next) = (Vec::new(), None::<Timestamp>);
        for conversation in 0..2 {
            for part in self.parts.iter().filter(|part| part.conversation == conversation && part.is_open()) {
                if part.state != Queued {
                    if part.released {
                        continue;
                    }
                    break;
                }
                let later = part.next_at.filter(|at| *at > now);
                let is_later = |at: Timestamp| next.map_or(at, |next: Timestamp| next.min(at));
                if let (Some(SendReason::Scheduled), Some(at)) = (&part.reason, later) {
                    next = Some(is_later(at));
                    continue;
                }
                match (&part.reason, later) {
                    (Some(SendReason::Stale { .. }), _) => {}
                    (_, Some(at)) => next = Some(is_later(at)),
                    (_, None) => ready.push((part.intent, part.message.unwrap())),
                }
                break;
            }
        }
        ready.sort_unstable();
        (ready.into_iter().map(|(_, message)| message).collect(), next)
    }

    pub(super) fn holds_back(&mut self, facts: [(Option<Timestamp>, ReplyWindow); 2], now: Timestamp) {
        for n in 0..self.parts.len() {
            let part = &self.parts[n];
            let is_due = match part.reason {
                Some(SendReason::Stale { .. }) => false,
                Some(SendReason::Held | SendReason::Scheduled) => part.next_at.is_some_and(|at| at <= now),
                _ => true,
            };
            if part.message.is_none() || part.state != Queued || !is_due {
                continue;
            }
            let (inbound, window) = facts[part.conversation];
            let intent = &self.intents[part.intent];
            let begun = self.parts.iter().any(|p| p.intent == part.intent && matches!(p.state, Accepted | Settled));
            let asked = if intent.send_at.is_some() { intent.created } else { part.wanted };
            let stale = |why| Some(SendReason::Stale { why });
            let shut = match intent.send_at {
                Some(_) => !window.is_open_at(now),
                None => matches!(window, ReplyWindow::Closed { .. }),
            };
            let part = &mut self.parts[n];
            if !part.attempts.is_empty() && now.since(part.wanted) >= 24 * HOUR {
                part.fails(SendReason::Expired, now);
            } else if !begun && inbound.is_some_and(|at| at > asked) {
                (part.reason, part.next_at) = (stale(StaleCause::MovedOn), None);
            } else if intent.send_at.is_some_and(|at| now.since(at) > 5 * MINUTE) {
                (part.reason, part.next_at) = (stale(StaleCause::Missed), None);
            } else if intent.send_at.is_none() && now.since(part.wanted) >= 30 * MINUTE {
                (part.reason, part.next_at) = (stale(StaleCause::Offline), None);
            } else if shut {
                part.fails(SendReason::WindowClosed, now);
            }
        }
    }

    pub(super) fn begins(&mut self, n: usize, now: Timestamp) {
        let part = &mut self.parts[n];
        part.becomes(Sending, None, None, now);
        (part.reads, part.read_at, part.released) = (0, None, false);
        part.attempts.push(Attempt { started: now, ended: None, outcome: None });
    }

    /// `remote`: of an answer that names the message.
    pub(super) fn finishes(
        &mut self,
        n: usize,
        attempt: usize,
        outcome: AttemptOutcome,
        (reason, next_at, remote): (SendReason, Option<Timestamp>, Option<String>),
        now: Timestamp,
    ) {
        let part = &mut self.parts[n];
        part.attempts[attempt].ended = Some(now);
        part.attempts[attempt].outcome = Some(outcome);
        if part.state != Accepted {
            match outcome {
                AttemptOutcome::Accepted => part.becomes(Accepted, None, None, now),
                AttemptOutcome::NotSent => part.becomes(Queued, Some(reason), next_at, now),
                AttemptOutcome::Refused => part.fails(reason, now),
                AttemptOutcome::Ambiguous => part.becomes(Unknown, Some(reason), next_at, now),
            }
        }
        let Some(remote) = remote else { return };
        let mine = part.remote.replace(remote.clone());
        if mine.as_ref() == Some(&remote) {
            return;
        }
        let other = self.held.insert(remote, Holder::Part(n));
        if let Some(Holder::Part(twin)) = other {
            self.parts[twin].remote.clone_from(&mine);
            if mine.is_none() {
                // The echo that it was accepted for is another one's.
                let twin = &mut self.parts[twin];
                twin.becomes(Unknown, Some(SendReason::NoAnswer), Some(now.plus(5 * MINUTE)), now);
                (twin.reads, twin.read_at) = (0, None);
            }
        }
        if let Some(mine) = mine {
            match other {
                Some(other) => self.held.insert(mine, other),
                None => self.held.remove(&mine),
            };
        }
    }

    pub(super) fn echoes(
        &mut self,
        conversation: usize,
        remote: &str,
        text: Option<&str>,
        planted: Option<&str>,
        at: Timestamp,
    ) {
        if self.held.contains_key(remote) {
            return;
        }
        let found = self.parts.iter().position(|part| {
            let is_open = part.conversation == conversation
                && part.message.is_some()
                && !matches!(part.state, Accepted | Failed)
                && part.remote.is_none();
            is_open
                && match planted {
                    Some(planted) => part.client_ref == planted,
                    None => part.text.as_deref() == text && part.attempts.iter().any(|attempt| attempt.covers(at)),
                }
        });
        let holder = found.map_or(Holder::Nobody, |n| {
            self.parts[n].becomes(Accepted, None, None, at);
            self.parts[n].remote = Some(remote.to_owned());
            Holder::Part(n)
        });
        self.held.insert(remote.to_owned(), holder);
    }

    pub(super) fn reads(&mut self, conversation: Option<usize>, fresh: Timestamp, now: Timestamp) {
        for part in &mut self.parts {
            let is_here = conversation.is_none_or(|wanted| wanted == part.conversation);
            let last = part.attempts.iter().map(|attempt| attempt.ended.unwrap_or(attempt.started)).max();
            if !is_here || part.state != Unknown || fresh < last.unwrap_or(part.since).plus(LAG) {
                continue;
            }
            part.reads = (part.reads + u32::from(part.read_at.is_none_or(|at| at < fresh))).min(2);
            part.read_at = part.read_at.max(Some(fresh));
            if part.reads == 2 && now.since(part.since) >= 5 * MINUTE {
                part.becomes(NeedsReview, Some(SendReason::NotFound), None, now);
            }
        }
    }

    /// Whether it may be decided so.
    pub(super) fn decides(&mut self, n: usize, decision: SendDecision, now: Timestamp) -> bool {
        let Part { state, intent, .. } = self.parts[n];
        let may = match decision {
            SendDecision::Retry => state == Failed,
            SendDecision::CheckAgain | SendDecision::ReleaseWaiting => matches!(state, Unknown | NeedsReview),
            SendDecision::SendAgain | SendDecision::ItArrived => state == NeedsReview,
            SendDecision::Discard | SendDecision::Edit => matches!(state, Queued | Uploading | Failed | NeedsReview),
            SendDecision::SendNow => self.parts[n].waits(),
        };
        if !may {
            return false;
        }
        let waits = self.parts[n].waits();
        for other in 0..self.parts.len() {
            let part = &mut self.parts[other];
            let is_of_it = part.intent == intent && part.message.is_some();
            match decision {
                SendDecision::Retry | SendDecision::SendAgain if other == n => {
                    part.becomes(Queued, None, None, now);
                    (part.wanted, part.out_of_turn) = (now, true);
                    part.again += usize::from(decision == SendDecision::SendAgain);
                    self.intents[intent].send_at = None;
                }
                SendDecision::ReleaseWaiting if other == n => {
                    (part.released, part.out_of_turn) = (true, true);
                }
                SendDecision::ItArrived if other == n => part.becomes(Settled, None, None, now),
                SendDecision::SendNow if is_of_it && part.waits() => {
                    (part.reason, part.next_at, part.wanted) = (None, None, now);
                    self.intents[intent].send_at = None;
                }
                SendDecision::Discard if other == n || (waits && is_of_it && part.waits()) => part.is_discarded(now),
                SendDecision::Edit if other == n || (is_of_it && matches!(part.state, Queued | Uploading | Failed)) => {
                    part.is_discarded(now);
                }
                _ => {}
            }
        }
        true
    }

    pub(super) fn reschedules(&mut self, n: usize, at: Timestamp) -> bool {
        if !self.parts[n].waits() {
            return false;
        }
        let intent = self.parts[n].intent;
        for part in self.parts.iter_mut().filter(|part| part.intent == intent && part.waits()) {
            (part.reason, part.next_at, part.wanted) = (Some(SendReason::Scheduled), Some(at), at);
        }
        self.intents[intent].send_at = Some(at);
        true
    }

    pub(super) fn gate(&mut self, reason: Option<&SendReason>) {
        for part in self.parts.iter_mut().filter(|part| part.state == Queued && part.message.is_some() && !part.waits())
        {
            (part.reason, part.next_at) = (reason.cloned(), None);
        }
    }

    pub(super) fn restarts(&mut self, now: Timestamp) {
        for part in &mut self.parts {
            match part.state {
                Sending => part.becomes(Unknown, Some(SendReason::Interrupted), Some(now.plus(5 * MINUTE)), now),
                Uploading => part.becomes(Queued, None, None, now),
                _ => {}
            }
        }
    }

    pub(super) fn uploads(&mut self, n: usize, how: u8, now: Timestamp) {
        let part = &mut self.parts[n];
        if part.state == Accepted {
            return;
        }
        match how {
            0 | 1 => part.becomes(Queued, None, None, now),
            2 => part.becomes(Queued, Some(SendReason::Offline), Some(now.plus(MINUTE)), now),
            _ => part.fails(SendReason::Rejected { said: "No.".into() }, now),
        }
    }
}
