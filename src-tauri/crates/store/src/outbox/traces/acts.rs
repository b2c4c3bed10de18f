//! What can happen.

use backscroll_model::SendDecision;
use proptest::{prelude::*, sample::Index};

/// Carried out on whatever message it fits; what fits none does nothing.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// The user sends.
    Send {
        conversation: usize,
        with_file: bool,
        same_words: bool,
        start: u8,
    },
    /// Time passes, in seconds.
    Wait(i64),
    /// The customer writes.
    Customer(usize),
    /// The outbox looks at what is old.
    HoldBack,
    /// The files of a message that is on turn leave, and come.
    Upload(usize),
    Uploaded {
        which: Index,
        how: u8,
    },
    /// The message that is on turn leaves, and the platform gets it or not.
    Begin {
        conversation: usize,
        arrives: bool,
    },
    /// An answer comes, or none.
    Finish {
        which: Index,
        how: u8,
    },
    /// The platform tells one of the messages that it got.
    Echo {
        which: Index,
        planted: bool,
    },
    /// A fresh reading did not show what is unknown; its data is so many seconds old.
    Read {
        conversation: Option<usize>,
        age: i64,
    },
    Decide {
        which: Index,
        decision: SendDecision,
    },
    Reschedule(Index),
    /// Nothing may leave for a reason, or may again.
    Gate {
        closed: bool,
    },
    /// The program dies and is started again.
    Crash,
}

const DECISIONS: [SendDecision; 8] = [
    SendDecision::Retry,
    SendDecision::CheckAgain,
    SendDecision::SendAgain,
    SendDecision::ItArrived,
    SendDecision::Discard,
    SendDecision::SendNow,
    SendDecision::ReleaseWaiting,
    SendDecision::Edit,
];

fn act() -> impl Strategy<Value = Act> {
    let conversation = 0..2_usize;
    let index = any::<Index>;
    prop_oneof![
        6 => (conversation.clone(), prop::bool::weighted(0.25), prop::bool::weighted(0.3), 0..8_u8).prop_map(
            |(conversation, with_file, same_words, start)| Act::Send { conversation, with_file, same_words, start }
        ),
        4 => prop_oneof![4 => 1..20_i64, 3 => Just(70), 3 => Just(400), 1 => Just(31 * 60), 1 => Just(25 * 3_600)]
            .prop_map(Act::Wait),
        1 => conversation.clone().prop_map(Act::Customer),
        3 => Just(Act::HoldBack),
        2 => conversation.clone().prop_map(Act::Upload),
        2 => (index(), 0..4_u8).prop_map(|(which, how)| Act::Uploaded { which, how }),
        9 => (conversation.clone(), any::<bool>()).prop_map(|(conversation, arrives)| Act::Begin { conversation, arrives }),
        9 => (index(), 0..6_u8).prop_map(|(which, how)| Act::Finish { which, how }),
        6 => (index(), any::<bool>()).prop_map(|(which, planted)| Act::Echo { which, planted }),
        4 => (prop::option::of(conversation), prop_oneof![Just(0), Just(30), Just(100), Just(300)])
            .prop_map(|(conversation, age)| Act::Read { conversation, age }),
        6 => (index(), prop::sample::select(&DECISIONS)).prop_map(|(which, decision)| Act::Decide { which, decision }),
        1 => index().prop_map(Act::Reschedule),
        1 => any::<bool>().prop_map(|closed| Act::Gate { closed }),
        2 => Just(Act::Crash),
    ]
}

pub(super) fn trace() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..70)
}
