#![expect(clippy::unwrap_used, reason = "tests")]

use backscroll_model::{ConversationState, MINUTE, Platform, Provider, SECOND};

use super::*;
use crate::{
    account,
    apply::apply,
    conversation, set_state,
    test_support::{NOW, inbound, live, outbound, page, plan, with_account},
};

struct Desk {
    connection: Connection,
    account: AccountId,
}

impl Desk {
    /// Somebody wrote at [`NOW`] and waits.
    fn new(platform: Platform, provider: Provider) -> Self {
        let (connection, account) = with_account(platform);
        if provider == Provider::Meta {
            let link = account::add_connection(&connection, Provider::Meta, "Bakery", "https://graph.test", None, NOW)
                .unwrap();
            let new = account::NewAccount {
                business: backscroll_model::BusinessId(1),
                platform,
                remote_id: "9001".into(),
                name: "Corner Bakery".into(),
                username: None,
                connection: link,
                backfill: backscroll_model::Backfill::Pending,
            };
            assert_eq!(account::upsert_account(&connection, &new, NOW).unwrap().id, account);
        }
        let desk = Self { connection, account };
        desk.told(inbound("1", NOW, "Are you open?"));
        desk
    }

    fn told(&self, event: backscroll_model::Event) {
        apply(&self.connection, self.account, &[page("t", vec![event], None)], &live()).unwrap();
    }

    fn id(&self) -> ConversationId {
        self.connection.query_row("SELECT id FROM conversation", [], |row| row.get(0).map(ConversationId)).unwrap()
    }

    fn take(&self, after: i64) -> Vec<Reminder> {
        take_reminders(&self.connection, &[(self.account, NOW.plus(after))]).unwrap()
    }

    fn put(&self, state: ConversationState) {
        set_state(&self.connection, self.id(), state).unwrap();
    }
}

#[test]
fn each_end_is_told_of_four_hours_and_one_hour_before_once() {
    for (platform, provider) in [
        (Platform::Messenger, Provider::Ayrshare),
        (Platform::Instagram, Provider::Ayrshare),
        (Platform::Messenger, Provider::Meta),
        (Platform::Instagram, Provider::Meta),
        (Platform::X, Provider::Ayrshare),
    ] {
        let desk = Desk::new(platform, provider);
        let mut told = Vec::new();
        // Each quarter of an hour of eight days.
        for quarter in 0..8 * 24 * 4 {
            let after = quarter * 15 * MINUTE;
            let found = desk.take(after);
            told.extend(found.iter().map(|one| (after, one.closes_at.since(NOW))));
            assert!(desk.take(after).is_empty());
            assert!(desk.take(after - 2 * HOUR).is_empty(), "the clock was set back");
        }
        let ends = ReplyWindow::ends(Some(provider), platform);
        let expected: Vec<_> = ends.iter().flat_map(|end| [(end - 4 * HOUR, *end), (end - HOUR, *end)]).collect();
        assert_eq!(told, expected, "{platform:?} {provider:?}");
    }
}

#[test]
fn what_is_late_by_an_hour_is_dropped() {
    let day = 24 * HOUR;
    for (after, count) in [
        (day - 4 * HOUR - SECOND, 0),
        (day - 4 * HOUR, 1),
        (day - 3 * HOUR - 1, 1),
        (day - 3 * HOUR, 0),
        (day - HOUR - 1, 0),
        (day - HOUR, 1),
        (day - 1, 1),
        (day, 0),
    ] {
        let desk = Desk::new(Platform::Messenger, Provider::Ayrshare);
        assert_eq!(desk.take(after).len(), count, "{after}");
    }
}

#[test]
fn only_whoever_waits_is_reminded_of() {
    let due = 20 * HOUR;
    let desk = Desk::new(Platform::Messenger, Provider::Ayrshare);
    desk.put(ConversationState::Done);
    assert!(desk.take(due).is_empty());
    desk.put(ConversationState::Snoozed { until: NOW.plus(9 * 24 * HOUR) });
    assert_eq!(desk.take(due).len(), 1);

    let desk = Desk::new(Platform::Messenger, Provider::Ayrshare);
    desk.told(outbound("2", NOW.plus(HOUR), "Until six"));
    assert!(desk.take(due).is_empty(), "answered");
    desk.told(inbound("3", NOW.plus(2 * HOUR), "Thanks, and tomorrow?"));
    assert!(desk.take(due).is_empty(), "the window ends later now");
    assert_eq!(desk.take(due + 2 * HOUR).len(), 1);

    let desk = Desk::new(Platform::Messenger, Provider::Ayrshare);
    conversation::window_refused(&desk.connection, desk.id().0, NOW.plus(HOUR)).unwrap();
    desk.told(inbound("0", NOW.plus(-HOUR), "Hello"));
    assert!(desk.take(due).is_empty(), "closed by the platform");
}

#[test]
fn a_look_is_a_few_steps_into_the_index() {
    let desk = Desk::new(Platform::Messenger, Provider::Ayrshare);
    let plan = plan(&desk.connection, SELECT);
    assert!(plan.contains("conversation_closing (state=? AND window_until>? AND window_until<?)"), "{plan}");
    assert!(!plan.contains("SCAN"), "{plan}");
}
