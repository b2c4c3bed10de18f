//! `apply` against any order, repetition and cut of what a provider says (`architecture.md`, invariant 1).
//!
//! A world of a few conversations is invented, with equal instants, files, reactions, tombstones, automatic replies and
//! silences of days. Its pages are windows into those conversations, as platforms give them: the newest so many, now
//! and earlier, with a list of people in between.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use backscroll_model::{
    AttachmentSeen, ConversationEvents, DAY, Direction, Event, Listing, MessageKind, Page, ParticipantSeen, Platform,
    ReactionSeen, Timestamp,
};
use proptest::prelude::*;

use super::{ApplyContext, Arrival, apply, batches};
use crate::test_support::{NOW, check, dump, seen, with_account};

const AUTOMATIC: &str = "Thanks, we answer soon.";

#[derive(Debug, Clone)]
struct Said {
    conversation: usize,
    pause: i64,
    direction: Direction,
    text: usize,
    file: bool,
    reaction: bool,
    taken_back: bool,
}

fn said() -> impl Strategy<Value = Said> {
    let pause = prop_oneof![3 => Just(0), 3 => 1..2_000_i64, 3 => 1_000..7_200_000_i64, 1 => DAY..4 * DAY];
    let direction = prop_oneof![2 => Just(Direction::In), 1 => Just(Direction::Out)];
    (0..3_usize, pause, direction, 0..6_usize, any::<bool>(), any::<bool>(), prop::bool::weighted(0.15)).prop_map(
        |(conversation, pause, direction, text, file, reaction, taken_back)| Said {
            conversation,
            pause,
            direction,
            text,
            file: file && reaction,
            reaction,
            taken_back,
        },
    )
}

/// A window: which conversation, how many of its messages existed, how many of those are shown.
type Window = (usize, usize, usize);

fn world() -> impl Strategy<Value = (Vec<Said>, Vec<Vec<Window>>)> {
    (prop::collection::vec(said(), 1..40)).prop_flat_map(|said| {
        let window = (0..3_usize, 0..30_usize, 1..25_usize);
        (Just(said), prop::collection::vec(prop::collection::vec(window, 1..4), 1..6))
    })
}

fn messages(said: &[Said], conversation: usize) -> Vec<(Timestamp, &Said, usize)> {
    let mut at = NOW.plus(-12 * DAY);
    let mut found = Vec::new();
    for (number, said) in said.iter().enumerate() {
        at = at.plus(said.pause);
        if said.conversation == conversation {
            found.push((at, said, number));
        }
    }
    found
}

fn event(at: Timestamp, said: &Said, number: usize, tie: u16) -> Event {
    let texts = ["", "Is it ready?", "蛋糕好了吗", "great👍", "Ja, um fünf", AUTOMATIC];
    let mut message = seen(&format!("m{number}"), said.direction, at, texts[said.text]);
    message.tie = tie;
    if said.file {
        message.kind = MessageKind::Image;
        message.attachments = vec![AttachmentSeen {
            kind: MessageKind::Image,
            type_name: "image".into(),
            url: Some(format!("https://cdn.test/{number}.jpg?sig=1")),
            ..AttachmentSeen::default()
        }];
    }
    if said.reaction {
        message.reactions = Some(vec![ReactionSeen { by: "7001".into(), emoji: "😋".into() }]);
    }
    Event::Message(Box::new(message))
}

/// One window as a conversation's events, newest first.
fn window(said: &[Said], (conversation, existed, shown): Window) -> ConversationEvents {
    let all = messages(said, conversation);
    let existing = &all[..existed.min(all.len())];
    let shown = &existing[existing.len().saturating_sub(shown)..];
    let mut events: Vec<Event> = Vec::new();
    for (place, (at, said, number)) in shown.iter().enumerate() {
        // As if no window were cut inside an instant: of two messages that no listing shows together, none says which
        // comes first.
        let earlier = &existing[..existing.len() - shown.len() + place];
        let tie = earlier.iter().filter(|(earlier, ..)| earlier == at).count();
        events.push(event(*at, said, *number, u16::try_from(tie).unwrap()));
    }
    events.reverse();
    events.push(Event::Participant(ParticipantSeen {
        remote_id: format!("70{conversation}").as_str().into(),
        name: Some(format!("Person {conversation}")),
        username: None,
        avatar_url: None,
    }));
    let listing = shown
        .last()
        .map(|(newest, ..)| Listing { from: (shown.len() < existing.len()).then(|| shown[0].0), to: newest.plus(500) });
    ConversationEvents {
        remote_id: format!("t_{conversation}").as_str().into(),
        events,
        listing,
        ..ConversationEvents::default()
    }
}

fn pages(said: &[Said], reads: &[Vec<Window>]) -> Vec<Page> {
    let mut pages: Vec<Page> = reads
        .iter()
        .map(|windows| Page { conversations: windows.iter().map(|w| window(said, *w)).collect(), ..Page::default() })
        .collect();
    for (number, said) in said.iter().enumerate() {
        // Nobody takes an automatic reply back.
        if said.taken_back && said.text != 5 {
            pages.push(Page {
                conversations: vec![ConversationEvents {
                    remote_id: format!("t_{}", said.conversation).as_str().into(),
                    events: vec![Event::Unsent { message: format!("m{number}").as_str().into() }],
                    listing: None,
                    ..ConversationEvents::default()
                }],
                ..Page::default()
            });
        }
    }
    for conversation in 0..3 {
        pages.push(Page {
            conversations: vec![ConversationEvents {
                remote_id: format!("t_{conversation}").as_str().into(),
                events: vec![Event::ReadUpTo(NOW.plus(-DAY * conversation)), Event::Archived(conversation == 1)],
                listing: None,
                ..ConversationEvents::default()
            }],
            ..Page::default()
        });
    }
    pages
}

fn context(arrival: Arrival) -> ApplyContext {
    ApplyContext { now: NOW, arrival, auto_response: Some(AUTOMATIC.to_owned()) }
}

/// The rows after these batches, each its own transaction.
fn rows(batches: &[Vec<Page>], arrival: Arrival) -> Vec<String> {
    let (mut connection, account) = with_account(Platform::Instagram);
    for batch in batches {
        let tx = connection.transaction().unwrap();
        apply(&tx, account, batch, &context(arrival)).unwrap();
        tx.commit().unwrap();
    }
    check(&connection);
    dump(&connection)
}

fn arrival() -> impl Strategy<Value = Arrival> {
    prop_oneof![Just(Arrival::Backfill), Just(Arrival::Live)]
}

/// The pages with each conversation's events in pieces.
fn cut(pages: &[Page], size: usize) -> Vec<Page> {
    let mut cut = Vec::new();
    for conversation in pages.iter().flat_map(|page| &page.conversations) {
        for events in conversation.events.chunks(size) {
            let piece = ConversationEvents {
                remote_id: conversation.remote_id.clone(),
                events: events.to_vec(),
                listing: None,
                ..ConversationEvents::default()
            };
            cut.push(Page { conversations: vec![piece], ..Page::default() });
        }
        let listing = ConversationEvents {
            remote_id: conversation.remote_id.clone(),
            events: Vec::new(),
            listing: conversation.listing,
            ..ConversationEvents::default()
        };
        cut.push(Page { conversations: vec![listing], ..Page::default() });
    }
    cut
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_in_any_order_end_in_the_same_rows(
        (said, reads, shuffled) in world().prop_flat_map(|(said, reads)| {
            let numbers: Vec<usize> = (0..pages(&said, &reads).len()).collect();
            (Just(said), Just(reads), Just(numbers).prop_shuffle())
        }),
        arrival in arrival(),
    ) {
        let pages = pages(&said, &reads);
        let one_by_one: Vec<Vec<Page>> = pages.iter().map(|page| vec![page.clone()]).collect();
        let other: Vec<Vec<Page>> = shuffled.iter().map(|i| vec![pages[*i].clone()]).collect();
        prop_assert_eq!(rows(&one_by_one, arrival), rows(&other, arrival));
    }

    #[test]
    fn one_transaction_or_many_end_in_the_same_rows((said, reads) in world(), size in 1..7_usize, arrival in arrival()) {
        let pages = pages(&said, &reads);
        let whole = rows(std::slice::from_ref(&pages), arrival);
        let pieces: Vec<Vec<Page>> = cut(&pages, size).into_iter().map(|page| vec![page]).collect();
        prop_assert_eq!(&whole, &rows(&pieces, arrival));
        prop_assert_eq!(&whole, &rows(&[cut(&pages, size)], arrival));
        prop_assert_eq!(&whole, &rows(&batches(pages), arrival));
    }

    #[test]
    fn pages_told_twice_say_nothing_more((said, reads) in world(), arrival in arrival()) {
        let pages = pages(&said, &reads);
        let once = rows(std::slice::from_ref(&pages), arrival);
        prop_assert_eq!(&once, &rows(&[pages.clone(), pages.clone()], arrival));
        let each_twice: Vec<Page> = pages.iter().flat_map(|page| [page.clone(), page.clone()]).collect();
        prop_assert_eq!(&once, &rows(&[each_twice], arrival));
    }

    #[test]
    fn events_of_a_page_in_any_order_end_in_the_same_rows((said, reads) in world(), arrival in arrival()) {
        let pages = pages(&said, &reads);
        let mut reversed = pages.clone();
        for conversation in reversed.iter_mut().flat_map(|page| &mut page.conversations) {
            conversation.events.reverse();
        }
        prop_assert_eq!(rows(&[pages], arrival), rows(&[reversed], arrival));
    }
}
