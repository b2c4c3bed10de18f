//! Each point on the way of a message × each way to fail there × each way to the customer. Whatever it is, the message is
//! neither lost nor sent twice, and what is said of it is true.

mod uploads;

use std::time::Duration;

use backscroll_engine::SendPoint;
use backscroll_model::*;
use backscroll_simulator::{Chat, Fault};
use serde_json::json;

use crate::{
    crash::Worker,
    desk::Desk,
    disk::{Refusal, Refusing},
    graph::PAGE,
    invariants,
    world::{Sim, comes_true},
};

/// How a message leaves.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    Ayrshare,
    Messenger,
    Instagram,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Ayrshare, Self::Messenger, Self::Instagram];

    pub fn platform(self) -> Sim {
        match self {
            Self::Ayrshare | Self::Messenger => Sim::Facebook,
            Self::Instagram => Sim::Instagram,
        }
    }

    /// Running, and somebody waits for an answer.
    pub async fn desk(self) -> (Desk, Chat) {
        if let Self::Ayrshare = self {
            let desk = Desk::running().await;
            let chat = desk.chat(self.platform());
            return (desk, chat);
        }
        let desk = Desk::at_graph().await;
        let chat = desk.sim.graph().chats(PAGE, self.platform()).remove(0);
        desk.sim.graph().receive(&chat, "Is the rye loaf back?").unwrap();
        desk.advance(60).await;
        (desk, chat)
    }

    /// The next request to send meets this.
    pub fn fail(self, desk: &Desk, fault: Fault) {
        self.fail_later(desk, 0, fault);
    }

    /// One later request to send meets this.
    pub fn fail_later(self, desk: &Desk, skip: u32, fault: Fault) {
        match self {
            Self::Ayrshare => desk.sim.on("POST", "/messages/").skip(skip).fail(fault),
            Self::Messenger | Self::Instagram => desk.sim.graph().on("POST", "/messages").skip(skip).fail(fault),
        }
    }
}

/// A place to fail, what the request met, and what is true in the end.
struct Case {
    point: SendPoint,
    met: Option<Fault>,
    state: SendState,
}

fn cases() -> Vec<Case> {
    use SendPoint::{Answered, Committed, Looked, Looking, Taken, Written};
    use SendState::{Accepted, NeedsReview};
    let case = |point, met, state| Case { point, met, state };
    vec![
        case(Taken, None, Accepted),
        case(Committed, None, NeedsReview),
        case(Answered, None, Accepted),
        case(Answered, Some(Fault::Reset), NeedsReview),
        case(Answered, Some(Fault::apply_then_drop()), Accepted),
        case(Written, None, Accepted),
        case(Written, Some(Fault::Reset), NeedsReview),
        case(Looking, Some(Fault::apply_then_drop()), Accepted),
        case(Looking, Some(Fault::Reset), NeedsReview),
        case(Looked, Some(Fault::apply_then_drop()), Accepted),
        case(Looked, Some(Fault::Reset), NeedsReview),
    ]
}

/// What was failed at is as it should be, and the message that waits behind it goes in the end.
async fn ends_well(name: &str, desk: &Desk, chat: &Chat, id: MessageId, state: SendState) {
    desk.advance(900).await;
    let progress = desk.progress(id).await;
    assert_eq!(progress.state, state, "{name}: {progress:?}");
    let texts = |text: &str| desk.delivered_to(chat).iter().filter(|e| e.text.as_deref() == Some(text)).count();
    assert_eq!(texts("It is."), usize::from(state == SendState::Accepted), "{name}");
    desk.check();
    if state == SendState::NeedsReview {
        desk.decide(id, SendDecision::SendAgain).await;
        desk.settle().await;
        assert_eq!(desk.state(id).await, SendState::Accepted, "{name}: sent again");
    }
    let behind = desk.send(chat, "Shall I keep one?").await;
    desk.settle().await;
    assert_eq!(desk.state(behind).await, SendState::Accepted, "{name}: what comes after it");
    desk.advance(300).await;
    assert_eq!((texts("It is."), texts("Shall I keep one?")), (1, 1), "{name}");
    desk.check();
    let db = invariants::snapshot(desk.data());
    invariants::history(&db, &desk.sim, &[Sim::Facebook, Sim::Instagram]);
}

#[tokio::test]
async fn a_panic_at_any_point_neither_loses_nor_doubles_a_message() {
    for way in Way::ALL {
        for Case { point, met, state } in cases() {
            let name = format!("{way:?}, {point:?}, {met:?}");
            let (desk, chat) = way.desk().await;
            if let Some(fault) = met {
                way.fail(&desk, fault);
            }
            // Not counted among the panics that nobody meant.
            desk.clock.at(point, || std::panic::resume_unwind(Box::new("a mistake of ours")));
            let id = desk.send(&chat, "It is.").await;
            desk.advance(120).await;
            assert!(!desk.clock.is_waiting(), "{name}: it came to that point");
            ends_well(&name, &desk, &chat, id, state).await;
        }
    }
}

#[tokio::test]
async fn killed_at_any_point_a_message_is_neither_lost_nor_doubled() {
    for way in Way::ALL {
        for Case { point, met, state } in cases() {
            let name = format!("{way:?}, {point:?}, {met:?}");
            let (mut desk, chat) = way.desk().await;
            // The simulator's clock stands still while the worker's runs.
            desk.sim.graph().set_knobs(|k| k.reads_per_second = None);
            let row = desk.conversation(&chat).await.id;
            desk.world.close().await;
            if let Some(fault) = met {
                way.fail(&desk, fault);
            }
            // Reading back begins after five seconds. Not much faster: what has waited for a minute of the worker's clock
            // asks for a reading first, and a busy machine takes its time.
            let mut worker = Worker::start_fast(&desk, 5).await;
            worker.does(json!({ "do": "stop_at", "point": format!("{point:?}") })).await;
            worker.does(json!({ "do": "start" })).await;
            worker.ask(&json!({ "do": "send", "conversation": row, "text": "It is." }));
            let mut said = [worker.answer().await.unwrap(), worker.answer().await.unwrap()];
            worker.kill();
            said.sort_by_key(|line| line.get("queued").is_none());
            assert_eq!(said[1], json!({ "at": format!("{point:?}") }), "{name}: it came to that point");
            let id = MessageId(said[0]["queued"].as_i64().expect("it is queued"));
            desk.acknowledged(&chat, "It is.", id);
            desk.check();
            // No start is before the end of the run before it.
            desk.sim.advance(Duration::from_secs(600)).await;
            desk.sim.drop_cache();
            desk.restart().await;
            ends_well(&name, &desk, &chat, id, state).await;
        }
    }
}

/// A write that the database refuses, what the request met, and what is true at once (full, nonsense) and in the end.
type RefusedWrite = (&'static str, Option<Fault>, [SendState; 2], SendState);

fn refused_writes() -> Vec<RefusedWrite> {
    use SendState::{Accepted, NeedsReview, Queued, Sending, Unknown};
    vec![
        ("INSERT ON attempt", None, [Queued, Queued], Accepted),
        // What is full may have room again, so it is tried again and again; else the outcome is read back.
        ("UPDATE OF outcome ON attempt", None, [Sending, Unknown], Accepted),
        ("UPDATE OF outcome ON attempt", Some(Fault::apply_then_drop()), [Sending, Unknown], Accepted),
        ("UPDATE OF outcome ON attempt", Some(Fault::Reset), [Sending, Unknown], NeedsReview),
        ("UPDATE OF remote_id ON message", Some(Fault::apply_then_drop()), [Unknown, Unknown], Accepted),
        ("UPDATE OF fresh_reads ON part WHEN NEW.fresh_reads > 0", Some(Fault::Reset), [Unknown, Unknown], NeedsReview),
    ]
}

#[tokio::test]
async fn a_database_that_refuses_any_write_neither_loses_nor_doubles_a_message() {
    for way in Way::ALL {
        for (statement, met, meanwhile, state) in refused_writes() {
            for (refusal, meanwhile) in [Refusal::Full, Refusal::Nonsense].into_iter().zip(meanwhile) {
                let name = format!("{way:?}, {statement}, {refusal:?}, {met:?}");
                let (desk, chat) = way.desk().await;
                if let Some(fault) = &met {
                    way.fail(&desk, fault.clone());
                }
                let refusing = Refusing::new(desk.data(), statement, refusal);
                let id = desk.send(&chat, "It is.").await;
                desk.settle().await;
                assert_eq!(desk.state(id).await, meanwhile, "{name}");
                desk.advance(100).await;
                desk.check();
                refusing.no_more();
                ends_well(&name, &desk, &chat, id, state).await;
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_acknowledged_and_never_leaves() {
    for way in Way::ALL {
        for (refusal, code) in [(Refusal::Full, ErrorCode::DiskFull), (Refusal::Nonsense, ErrorCode::Internal)] {
            let (desk, chat) = way.desk().await;
            let row = desk.conversation(&chat).await.id;
            for statement in ["INSERT ON intent", "INSERT ON part", "INSERT ON message"] {
                let refusing = Refusing::new(desk.data(), statement, refusal);
                let refused = desk.inbox().send_text(row, "It is.".to_owned()).await.unwrap_err();
                assert_eq!(refused.code, code, "{way:?}, {statement}");
                refusing.no_more();
            }
            desk.advance(300).await;
            assert_eq!(desk.delivered(), Vec::<String>::new(), "{way:?}, {refusal:?}");
            desk.check();
        }
    }
}
