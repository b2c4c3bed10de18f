//! The main job: connect, read, quit, start offline, still there.

use backscroll_model::*;
use backscroll_simulator::{Fault, Inbound, Network, ProfileId, Synthetic, WorldKind};

use crate::world::{Sim, World};

#[tokio::test]
async fn what_was_read_is_there_after_a_start_without_a_network() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    let before = world.conversations().await;
    assert_eq!(before.len(), 4, "two people on Messenger, two on Instagram; X awaits the user's choice");
    world.close().await;

    world.sim.set_network(Network::Refused).unwrap();
    world.open().await;
    assert_eq!(world.conversations().await, before);
    for row in &before {
        assert!(!world.thread(row.id).await.is_empty());
    }
    let reports = world.sync().await;
    assert!(reports.iter().filter(|r| r.calls > 0).all(|r| matches!(r.health, Health::Offline { .. })), "{reports:?}");
    assert_eq!(world.conversations().await, before);
}

#[tokio::test]
async fn the_history_is_what_the_platform_has_in_its_order() {
    let world = World::new(WorldKind::Demo).await;
    world.connect_and_sync().await;
    // Archived conversations too, although no task runs that would come to them later.
    for platform in [Sim::Facebook, Sim::Instagram] {
        world.assert_history_is_the_ledger(platform).await;
    }
}

#[tokio::test]
async fn new_messages_reactions_and_read_marks_arrive_while_it_runs() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    let chat = world.chat(Sim::Facebook);
    let id = world.sim.inbound(&chat, "Are you open on Sunday?").unwrap();
    world.sim.react(&chat, &id, "❤️").unwrap();
    world.sim.read(&chat, crate::world::START).unwrap();
    world.advance(8 * 60).await;
    let row = world.conversation(&chat).await;
    let thread = world.thread(row.id).await;
    let newest = thread.last().unwrap();
    assert_eq!(newest.text.as_deref(), Some("Are you open on Sunday?"));
    assert_eq!(newest.reactions.len(), 1);
    assert!(row.unanswered && row.unread > 0);
    assert_eq!(row.read_up_to, Some(Timestamp(crate::world::START)));
}

#[tokio::test]
async fn a_change_is_published_only_after_it_can_be_read() {
    let world = World::small().await;
    world.connect().await;
    let mut changes = world.inbox().changes();
    world.sync().await;
    let mut seen = 0;
    while let Ok(batch) = changes.try_recv() {
        for change in batch {
            if let Change::Messages { ids, .. } = change {
                assert_eq!(world.inbox().messages_by_id(ids.clone()).await.unwrap().len(), ids.len());
                seen += ids.len();
            }
        }
    }
    assert!(seen > 0);
}

#[tokio::test]
async fn the_first_back_fill_ends_with_its_summary() {
    let world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 60,
        messages_per_conversation: 20,
        platforms: vec![Sim::Facebook],
    }))
    .await;
    world.connect().await;
    let mut changes = world.inbox().changes();
    world.sync().await;
    let mut done = false;
    while let Ok(batch) = changes.try_recv() {
        done |= batch.iter().any(|c| matches!(c, Change::BackfillDone { .. }));
    }
    assert!(done);
    let account = world.account(Platform::Messenger).await;
    assert_eq!(account.backfill, Backfill::Done);
    assert!(world.inbox().backfills().is_empty());
    let summary = world.inbox().backfill_summary(vec![account.id]).await.unwrap();
    assert_eq!((summary.messages, summary.people), (1_200, 60));
}

#[tokio::test]
async fn what_was_missed_during_sleep_is_caught_up_with_at_once() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.advance(60).await;
    world.sim.inbound(&world.chat(Sim::Instagram), "Good morning").unwrap();
    world.sleep_through(8 * 3_600).await;
    world.advance(1).await;
    assert!(world.texts(&world.chat(Sim::Instagram)).await.contains(&"Good morning".to_owned()));
}

#[tokio::test]
async fn reading_goes_on_by_itself_when_the_network_comes_back() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.sim.set_network(Network::Refused).unwrap();
    world.advance(15 * 60).await;
    assert!(matches!(world.health(Platform::Messenger).await, Health::Offline { .. }));
    world.sim.set_network(Network::Up).unwrap();
    world.sim.inbound(&world.chat(Sim::Facebook), "Still there?").unwrap();
    world.advance(6 * 60).await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
    assert!(world.texts(&world.chat(Sim::Facebook)).await.contains(&"Still there?".to_owned()));
}

#[tokio::test]
async fn a_snoozed_conversation_comes_back_by_itself() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    let id = world.conversation(&world.chat(Sim::Facebook)).await.id;
    let until = Timestamp(crate::world::START + 3_600_000);
    world.inbox().set_state(id, ConversationState::Snoozed { until }).await.unwrap();
    world.advance(3_590).await;
    assert_eq!(world.conversation(&world.chat(Sim::Facebook)).await.state, ConversationState::Snoozed { until });
    world.advance(20).await;
    assert_eq!(world.conversation(&world.chat(Sim::Facebook)).await.state, ConversationState::Open);
}

#[tokio::test]
async fn a_message_of_the_customer_reopens_what_was_done() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let chat = world.chat(Sim::Instagram);
    let id = world.conversation(&chat).await.id;
    world.inbox().set_state(id, ConversationState::Done).await.unwrap();
    world.sim.inbound(&chat, Inbound::text("One more thing")).unwrap();
    world.sim.advance(std::time::Duration::from_secs(61)).await;
    world.sync().await;
    assert_eq!(world.conversation(&chat).await.state, ConversationState::Open);
}

#[tokio::test]
async fn drafts_states_and_settings_survive_a_restart() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    let id = world.conversation(&world.chat(Sim::Facebook)).await.id;
    world.inbox().save_draft(id, "Dear Ada,\n".to_owned()).await.unwrap();
    world.inbox().set_state(id, ConversationState::Done).await.unwrap();
    let settings = Settings { theme: Theme::Dark, list_width: 9_999, ..Settings::default() };
    world.inbox().set_settings(settings).await.unwrap();
    world.open().await;
    assert_eq!(world.inbox().draft(id).await.unwrap().as_deref(), Some("Dear Ada,\n"));
    assert_eq!(world.inbox().settings().await.unwrap().list_width, 420);
    assert_eq!(world.inbox().settings().await.unwrap().theme, Theme::Dark);
    let rows = world.inbox().conversations_by_id(vec![id]).await.unwrap();
    assert_eq!(rows[0].state, ConversationState::Done);
}

#[tokio::test]
async fn archived_conversations_are_read_too_and_are_no_news() {
    let world = World::small().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.inbound(&chat, "Before it was archived").unwrap();
    world.sim.archive(&chat, true).unwrap();
    world.connect().await;
    let mut notices = world.inbox().notices();
    world.inbox().start().await;
    world.advance(20 * 60).await;
    let row = world.conversation(&chat).await;
    assert!(row.archived);
    assert!(world.texts(&chat).await.contains(&"Before it was archived".to_owned()));
    assert!(crate::world::shown(&mut notices).is_empty());
    assert_eq!(world.sim.profiles()[0].id, ProfileId::PRIMARY);
}

#[tokio::test]
async fn the_progress_of_a_first_back_fill_says_of_how_many() {
    let world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 60,
        messages_per_conversation: 20,
        platforms: vec![Sim::Facebook],
    }))
    .await;
    world.connect().await;
    let mut changes = world.inbox().changes();
    let mut seen = Vec::new();
    let watch = async {
        while let Some(batch) = backscroll_engine::next_changes(&mut changes).await {
            seen.extend(world.inbox().backfills().into_iter().filter(|p| p.messages > 0 && !batch.is_empty()));
        }
    };
    tokio::select! {
        _ = world.sync() => {}
        () = watch => {}
    }
    assert!(!seen.is_empty() && seen.iter().all(|p| p.of == Some(60)), "{seen:?}");
}

#[tokio::test]
async fn an_automatic_reply_is_no_answer_even_right_after_a_start() {
    for text in ["Thank you, we answer soon.", ""] {
        let mut world = World::small().await;
        world.connect_and_sync().await;
        let connection = world.inbox().connections().await.unwrap()[0].id;
        let wanted = AutoResponse { active: true, wait_seconds: 60, message: text.to_owned() };
        let said = world.inbox().set_auto_response(connection, wanted).await.unwrap().message;
        let chat = world.chat(Sim::Facebook);
        world.open().await;
        let answered = async |world: &World, said: &str| {
            world.sim.advance(std::time::Duration::from_secs(90)).await;
            world.sim.inbound(&chat, "Hello?").unwrap();
            world.sim.advance(std::time::Duration::from_secs(2)).await;
            world.sim.sent_elsewhere(&chat, said).unwrap();
            world.sim.advance(std::time::Duration::from_secs(90)).await;
            world.sync().await;
            let row = world.conversation(&chat).await;
            let newest = world.thread(row.id).await.pop().unwrap();
            (newest.text, row.unanswered, row.unread > 0)
        };
        assert_eq!(answered(&world, &said).await, (Some(said.clone()), true, true));
        // A start that cannot ask goes by what was known.
        world.open().await;
        world.sim.on("GET", "/messages/autoresponse").always().fail(Fault::http(500));
        assert_eq!(answered(&world, &said).await, (Some(said.clone()), true, true));
    }
}

#[tokio::test]
async fn the_automatic_reply_is_asked_for_by_the_first_start_and_rarely_again() {
    let mut world = World::small().await;
    world.connect_with_x(XHistory::All).await;
    world.sim.clear_requests();
    let reports = world.sync().await;
    assert_eq!(world.calls("GET", "/messages/autoresponse"), 1, "once for three accounts");
    assert_eq!(reports.iter().map(|r| r.calls).sum::<u32>() as usize, world.sim.requests().len());
    world.open().await;
    for _ in 0..5 {
        world.sim.advance(std::time::Duration::from_secs(70)).await;
        world.sync().await;
    }
    assert_eq!(world.calls("GET", "/messages/autoresponse"), 1);
    world.sim.advance(std::time::Duration::from_secs(7 * 3_600)).await;
    world.sync().await;
    assert_eq!(world.calls("GET", "/messages/autoresponse"), 2);
}
