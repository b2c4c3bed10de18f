//! What is absent from complete readings was taken back; nothing else was.

use super::*;

/// Complete readings of one thread: `shown` of the messages 0 to 29, a minute apart, read at `to`.
struct Readings {
    connection: Connection,
    account: AccountId,
}

impl Readings {
    fn new(platform: Platform) -> Self {
        let (connection, account) = with_account(platform);
        Self { connection, account }
    }

    fn sent_at(n: i64) -> Timestamp {
        ago(HOUR).plus(n * MINUTE)
    }

    fn page(shown: impl Iterator<Item = i64>, to: Timestamp) -> Page {
        let mut events: Vec<Event> =
            shown.map(|n| inbound(&n.to_string(), Self::sent_at(n), &format!("cake {n}"))).collect();
        events.reverse();
        let from = match events.last() {
            Some(Event::Message(oldest)) => Some(oldest.at),
            _ => None,
        };
        page("t", events, Some(Listing { from, to }))
    }

    fn without(n: i64, to: i64) -> Page {
        Self::page((0..10).filter(|m| *m != n), NOW.plus(to))
    }

    fn read(&self, page: &Page) -> Applied {
        apply(&self.connection, self.account, std::slice::from_ref(page), &live()).unwrap()
    }

    fn is_tombstone(&self, n: i64) -> bool {
        let id = message_of(&self.connection, self.account, &remote(&n.to_string())).unwrap().unwrap();
        message_details(&self.connection, id).unwrap().message.kind == MessageKind::Unsent
    }
}

#[test]
fn absent_from_two_complete_readings_in_a_row_is_taken_back() {
    let desk = Readings::new(Platform::Instagram);
    desk.read(&Readings::page(0..10, NOW));
    assert_eq!(desk.read(&Readings::without(4, 1)), Applied::default());
    assert!(!desk.is_tombstone(4));
    let applied = desk.read(&Readings::without(4, 2));
    assert_eq!((applied.new, applied.changed), (0, 1));
    assert!(desk.is_tombstone(4));
    let row = the_conversation(&desk.connection);
    assert_eq!((row.unread, row.messages), (9, 10));
    assert!(applied.changes.contains(&Change::Conversation { id: row.id }));
    check(&desk.connection);
    // From then on an unchanged reading writes nothing again.
    let changes = desk.connection.total_changes();
    assert_eq!(desk.read(&Readings::without(4, 3)), Applied::default());
    assert_eq!(desk.connection.total_changes(), changes);
}

#[test]
fn an_absence_that_another_reading_ends_is_none() {
    let desk = Readings::new(Platform::Messenger);
    desk.read(&Readings::page(0..10, NOW));
    for to in [1, 3, 5] {
        desk.read(&Readings::without(4, to));
        desk.read(&Readings::page(0..10, NOW.plus(to + 1)));
    }
    assert!(!desk.is_tombstone(4));
}

#[test]
fn the_same_reading_again_and_earlier_ones_prove_no_absence() {
    let desk = Readings::new(Platform::Instagram);
    desk.read(&Readings::page(0..10, NOW));
    let missing = Readings::without(4, 2);
    desk.read(&missing);
    let changes = desk.connection.total_changes();
    desk.read(&missing);
    desk.read(&Readings::without(4, 1));
    desk.read(&missing);
    assert_eq!(desk.connection.total_changes(), changes, "from the provider's cache");
    assert!(!desk.is_tombstone(4));
    desk.read(&Readings::page(0..10, NOW.plus(3)));
    desk.read(&missing);
    desk.read(&Readings::without(4, 4));
    assert!(!desk.is_tombstone(4), "read again after it was there");
    desk.read(&Readings::without(4, 5));
    assert!(desk.is_tombstone(4));
}

#[test]
fn an_absence_outside_of_what_is_proven_is_none() {
    let absent = |platform, shown: fn() -> Vec<i64>, listing: fn(Listing) -> Option<Listing>, n| {
        let desk = Readings::new(platform);
        desk.read(&Readings::page(0..30, NOW));
        for to in 1..5 {
            let mut page = Readings::page(shown().into_iter(), NOW.plus(to));
            let said = &mut page.conversations[0];
            said.listing = said.listing.and_then(listing);
            desk.read(&page);
        }
        desk.is_tombstone(n)
    };
    let all_but = || (0..30).filter(|n| *n != 15).collect();
    assert!(absent(Platform::Messenger, all_but, Some, 15));
    assert!(!absent(Platform::X, all_but, Some, 15), "X pages are cut anywhere");
    assert!(!absent(Platform::Messenger, all_but, |_| None, 15), "no claim to be complete");
    let later = |l: Listing| Some(Listing { from: Some(Readings::sent_at(20)), ..l });
    assert!(!absent(Platform::Messenger, all_but, later, 15), "before what is covered");
    let older = || (0..30).filter(|n| *n != 5).collect();
    assert!(!absent(Platform::Messenger, older, Some, 5), "older than the newest 20");
    assert!(!absent(Platform::Messenger, || (0..29).collect(), Some, 29), "no newer neighbour is there");
    assert!(!absent(Platform::Messenger, || (16..30).collect(), Some, 15), "no older neighbour is there");
}

#[test]
fn a_reading_in_which_nothing_is_absent_is_not_worth_a_write_of_its_own() {
    let desk = Readings::new(Platform::Instagram);
    desk.read(&Readings::page(0..10, NOW));
    let writes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&writes);
    desk.connection
        .update_hook(Some(move |_: Action, _: &str, table: &str, _| {
            if table == "conversation" || table == "message" {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }))
        .unwrap();
    // Not the newest page, so its digest is not remembered and it is looked at each time.
    for to in 1..4 {
        desk.read(&Readings::page(0..9, NOW.plus(to)));
    }
    assert_eq!(writes.load(Ordering::Relaxed), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However often readings are told again meanwhile, and in however many transactions.
    #[test]
    fn two_absences_in_a_row_and_nothing_else_make_a_tombstone(
        readings in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<prop::sample::Index>(), 0..3)), 1..8),
        size in 1..4_usize,
    ) {
        let desk = Readings::new(Platform::Instagram);
        desk.read(&Readings::page(0..10, NOW));
        let mut said: Vec<Page> = Vec::new();
        let mut told = Vec::new();
        for (to, (shown, again)) in (1..).zip(&readings) {
            let page = if *shown { Readings::page(0..10, NOW.plus(to)) } else { Readings::without(4, to) };
            said.push(page.clone());
            told.push(page);
            told.extend(again.iter().map(|index| said[index.index(said.len())].clone()));
        }
        for batch in told.chunks(size) {
            apply(&desk.connection, desk.account, batch, &live()).unwrap();
        }
        let twice = readings.windows(2).any(|two| !two[0].0 && !two[1].0);
        prop_assert_eq!(desk.is_tombstone(4), twice);
        check(&desk.connection);
    }
}

#[test]
fn an_own_message_that_no_reading_has_shown_yet_is_not_absent() {
    let desk = Readings::new(Platform::Instagram);
    desk.read(&Readings::page(0..4, NOW));
    let conversation = the_conversation(&desk.connection).id;
    let at = Readings::sent_at(4);
    let sent = crate::outbox::enqueue_text(&desk.connection, conversation, "Yes", "ref", at, crate::outbox::Start::Now)
        .unwrap()
        .message;
    let (attempt, _) = crate::outbox::begin_attempt(&desk.connection, sent, 0, at).unwrap();
    let outcome = crate::outbox::Outcome::Accepted { remote_id: remote("4") };
    crate::outbox::finish_attempt(&desk.connection, sent, attempt, &outcome, &Default::default(), at).unwrap();
    for to in 1..4 {
        desk.read(&Readings::without(4, to));
    }
    assert!(!desk.is_tombstone(4));
    check(&desk.connection);
}
