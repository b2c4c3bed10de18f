//! The same against the simulator, which was written from the reference alone: tokens, windows, faults, and webhooks from
//! registration to the message, compared with what a read gives.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backscroll_adapters::ayrshare::hook as ayrshare_hook;
use backscroll_adapters::hook::HookKind;
use backscroll_adapters::meta::{AppAddress, Meta, MetaConfig, hook};
use backscroll_adapters::{self as adapters, Adapter, Kind, Outgoing, Read, Secret, SendOutcome};
use backscroll_model::{Event, MessageKind, MessageSeen, Platform, PlatformState, RemoteId, Timestamp};
use backscroll_simulator::{
    Chat, Clock, Content, Direction, Fault, GraphError, Inbound, PersonFlags, Platform as Simulated, ProfileId,
    SimOptions, Simulator, TokenState, WorldKind,
};

use crate::hooks::comparable;
use crate::server::{self, Asked, Server};

const P: ProfileId = ProfileId::PRIMARY;
const WORD: &str = "north-pier";

async fn simulator() -> Simulator {
    let sim = Simulator::start(SimOptions::new(WorldKind::Small, Clock::manual(1_795_190_400_317))).await.unwrap();
    sim.graph().set_knobs(|knobs| knobs.reads_per_second = None);
    // Nobody reads or answers by themselves.
    sim.set_people_answer(false);
    sim
}

fn config(sim: &Simulator) -> MetaConfig {
    let graph = sim.graph();
    let mut config = MetaConfig::new(Secret::new(graph.page_token(P)));
    config.api_base = graph.api_base();
    config.page = Some(RemoteId(graph.page_id(P).unwrap()));
    config.instagram = Some(RemoteId(graph.instagram_id(P).unwrap()));
    config
}

fn adapter(sim: &Simulator) -> Meta {
    Meta::new(config(sim)).unwrap()
}

fn ours(platform: Simulated) -> Platform {
    if platform == Simulated::Instagram { Platform::Instagram } else { Platform::Messenger }
}

/// A conversation whose person has just written.
fn open_chat(sim: &Simulator, platform: Simulated) -> Chat {
    let chat = sim.graph().chats(P, platform).remove(0);
    sim.graph().receive(&chat, "Are you there?").unwrap();
    chat
}

fn text(chat: &Chat, text: &str) -> Outgoing {
    Outgoing {
        platform: ours(chat.platform),
        conversation: RemoteId(chat.conversation.clone()),
        recipient: Some(RemoteId(chat.person.clone())),
        content: adapters::Content::Text(text.to_owned()),
        reply_to: None,
        client_ref: "c-01J9Z2".to_owned(),
        human_agent: false,
    }
}

/// How often this text was truly delivered.
fn delivered(sim: &Simulator, chat: &Chat, text: &str) -> usize {
    let truth = sim.graph().truth(chat).unwrap();
    truth.iter().filter(|m| m.direction == Direction::Sent && m.text.as_deref() == Some(text)).count()
}

fn kind_of(outcome: &SendOutcome) -> Option<&Kind> {
    match outcome {
        SendOutcome::NotSent(error) | SendOutcome::Refused(error) | SendOutcome::Ambiguous(error) => Some(&error.kind),
        SendOutcome::Accepted { .. } => None,
    }
}

#[tokio::test]
async fn a_token_is_checked_and_each_way_to_lose_it_is_told() {
    let sim = simulator().await;
    let graph = sim.graph();
    let check = adapter(&sim).check().await.unwrap();
    assert!(check.profile.platforms.iter().all(|p| p.state == PlatformState::Ready && p.conversations.is_some()));
    assert_eq!(check.profile.reference, graph.page_id(P).ok());
    assert!(check.meta.unwrap().permissions.iter().all(|p| p.granted == Some(true)));

    graph.set_instagram_access(P, false).unwrap();
    let state = |check: backscroll_model::KeyCheck| check.profile.platforms[1].state;
    assert_eq!(state(adapter(&sim).check().await.unwrap()), PlatformState::MessageAccessOff);
    graph.link_instagram(P, false).unwrap();
    assert_eq!(state(adapter(&sim).check().await.unwrap()), PlatformState::NotLinked);

    let token = graph.page_token(P);
    for (state, kind) in [
        (TokenState::Expired { since_ms: 1_795_000_000_000 }, Kind::TokenExpired),
        (TokenState::Revoked, Kind::TokenRevoked),
        (TokenState::PasswordChanged, Kind::PasswordChanged),
        (TokenState::NoRole, Kind::RoleLost),
        (TokenState::Checkpoint, Kind::Checkpoint),
        (TokenState::Garbage, Kind::TokenRevoked),
    ] {
        graph.set_token_state(&token, state).unwrap();
        assert_eq!(adapter(&sim).check().await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn a_persons_token_becomes_that_of_a_page() {
    let sim = simulator().await;
    let mut person = config(&sim);
    person.page_token = Secret::new(sim.graph().user_token());
    (person.page, person.instagram) = (None, None);
    let person = Meta::new(person).unwrap();
    let check = person.check().await.unwrap();
    assert!(check.profile.platforms.iter().all(|p| p.state == PlatformState::NotLinked));
    let page = RemoteId(sim.graph().page_id(P).unwrap());
    let offered = check.meta.unwrap().pages;
    assert!(offered.iter().any(|p| p.id == page && p.may_message), "{offered:?}");
    assert_eq!(person.page_token_of(&page).await.unwrap(), Secret::new(sim.graph().page_token(P)));
}

#[tokio::test]
async fn an_app_that_demands_the_proof_gets_it() {
    let sim = simulator().await;
    sim.graph().set_knobs(|knobs| knobs.require_proof = true);
    assert_eq!(adapter(&sim).check().await.unwrap_err().kind, Kind::AppSecret);
    let mut signed = config(&sim);
    signed.app_secret = Some(Secret::new(sim.graph().app().1));
    assert!(Meta::new(signed).unwrap().check().await.is_ok());
}

#[tokio::test]
async fn a_text_arrives_once_and_its_outcome_is_the_truth() {
    let sim = simulator().await;
    let adapter = adapter(&sim);
    for platform in [Simulated::Facebook, Simulated::Instagram] {
        let chat = open_chat(&sim, platform);
        let SendOutcome::Accepted { remote_id, .. } = adapter.send(&text(&chat, "Yes 🍞")).await else {
            panic!("not accepted")
        };
        assert_eq!(sim.graph().truth(&chat).unwrap().last().unwrap().id, remote_id.0);

        let faults = sim.graph();
        let rule = || faults.on("POST", "/messages");
        // (fault, may have arrived)
        rule().fail(Fault::apply_then_drop());
        let dropped = adapter.send(&text(&chat, "dropped")).await;
        assert!(matches!(dropped, SendOutcome::Ambiguous(_)), "{dropped:?}");
        assert_eq!(delivered(&sim, &chat, "dropped"), 1);
        rule().fail(Fault::Reset);
        let reset = adapter.send(&text(&chat, "reset")).await;
        assert!(matches!(reset, SendOutcome::Ambiguous(_)), "{reset:?}");
        for (code, subcode) in [(1, None), (1, Some(1_357_046)), (2, None)] {
            rule().fail(Fault::Graph(GraphError::of(code, subcode).http(400)));
            let unclear = adapter.send(&text(&chat, "unclear")).await;
            assert!(matches!(unclear, SendOutcome::Ambiguous(_)), "{unclear:?}");
        }
        rule().fail(Fault::Html { http: 502 });
        assert!(matches!(adapter.send(&text(&chat, "proxy")).await, SendOutcome::Ambiguous(_)));
        sim.graph().set_knobs(|knobs| knobs.foreign_errors = true);
        for (code, subcode, kind) in [
            (551, Some(1_545_041), Kind::Recipient),
            (2_018_300, None, Kind::NotOwner),
            (100, Some(2_534_037), Kind::NotOwner),
            (368, None, Kind::Restricted),
        ] {
            rule().fail(Fault::graph(code, subcode));
            let refused = adapter.send(&text(&chat, "refused")).await;
            let SendOutcome::Refused(error) = refused else { panic!("{code}: {refused:?}") };
            assert_eq!(error.kind, kind);
        }
        assert_eq!(delivered(&sim, &chat, "refused"), 0);
        sim.graph().set_knobs(|knobs| knobs.foreign_errors = false);
    }
}

#[tokio::test]
async fn the_window_and_its_tag_are_obeyed_and_told() {
    for platform in [Simulated::Facebook, Simulated::Instagram] {
        let sim = simulator().await;
        sim.graph().set_send_knobs(|knobs| knobs.human_agent = true);
        let adapter = adapter(&sim);
        let chat = open_chat(&sim, platform);
        sim.advance(Duration::from_secs(25 * 3_600)).await;
        let late = adapter.send(&text(&chat, "late")).await;
        assert!(matches!(&late, SendOutcome::Refused(error) if error.kind == Kind::WindowClosed), "{late:?}");
        let tagged = Outgoing { human_agent: true, ..text(&chat, "by hand") };
        let outcome = adapter.send(&tagged).await;
        assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
        sim.graph().set_send_knobs(|knobs| knobs.human_agent = false);
        let unapproved = adapter.send(&tagged).await;
        let tag = Kind::Permission { name: Some("human_agent".to_owned()) };
        assert!(matches!(&unapproved, SendOutcome::Refused(_)) && kind_of(&unapproved) == Some(&tag), "{unapproved:?}");
        sim.graph().set_send_knobs(|knobs| knobs.human_agent = true);
        sim.advance(Duration::from_secs(7 * 24 * 3_600)).await;
        let too_late = adapter.send(&tagged).await;
        assert!(matches!(&too_late, SendOutcome::Refused(error) if error.kind == Kind::WindowClosed), "{too_late:?}");
    }
}

#[tokio::test]
async fn people_who_may_not_be_seen_still_have_a_name() {
    let sim = simulator().await;
    let flags = PersonFlags::default();
    let chat = open_chat(&sim, Simulated::Facebook);
    let read = async || {
        let (out, mut pages) = tokio::sync::mpsc::channel(10);
        let read = Read::Profile {
            platform: Platform::Messenger,
            conversation: RemoteId(chat.conversation.clone()),
            person: RemoteId(chat.person.clone()),
        };
        adapter(&sim).read(&read, out).await.unwrap();
        let events = pages.try_recv().unwrap().conversations.remove(0).events;
        let [Event::Participant(person)] = &events[..] else { panic!("{events:?}") };
        person.clone()
    };
    let whole = read().await;
    assert!(whole.name.is_some() && whole.avatar_url.is_some());
    for denied in [
        PersonFlags { profile_denied: true, ..flags },
        PersonFlags { phone_account: true, ..flags },
        PersonFlags { no_consent: true, ..flags },
    ] {
        sim.graph().set_flags(&chat, denied).unwrap();
        let person = read().await;
        assert_eq!((person.name, person.avatar_url), (whole.name.clone(), None));
    }
}

/// A receiver that shakes hands as ours will.
async fn receiver() -> Server {
    Server::start(|asked| match asked.method.as_str() {
        "GET" => match hook::handshake(&asked.query, &Secret::new(WORD)) {
            Some(challenge) => challenge.into_response(),
            None => StatusCode::FORBIDDEN.into_response(),
        },
        _ => Response::default(),
    })
    .await
}

fn posted(receiver: &Server) -> Vec<Asked> {
    receiver.asked().into_iter().filter(|asked| asked.method == "POST").collect()
}

fn messages(events: impl IntoIterator<Item = Event>) -> impl Iterator<Item = MessageSeen> {
    events.into_iter().filter_map(|event| match event {
        Event::Message(seen) => Some(*seen),
        _ => None,
    })
}

#[tokio::test]
async fn webhooks_tell_from_registration_to_the_last_act_what_reads_tell() {
    let sim = simulator().await;
    let graph = sim.graph();
    let receiver = receiver().await;
    let mut config = config(&sim);
    let secret = Secret::new(graph.app().1);
    config.app_secret = Some(secret.clone());
    let adapter = Meta::new(config).unwrap();
    let url = format!("http://{}/hook", receiver.addr);
    let wrong = adapter.set_app_address(&url, &Secret::new("wrong word")).await.unwrap_err();
    assert_eq!(wrong.kind, Kind::Rejected);
    assert_eq!(adapter.set_app_address(&url, &Secret::new(WORD)).await.unwrap(), AppAddress::Set);
    adapter.subscribe().await.unwrap();
    assert_eq!(adapter.subscriptions().await.unwrap().len(), 1);
    assert_eq!(adapter.app_subscriptions().await.unwrap().unwrap().len(), 2);

    for platform in [Simulated::Facebook, Simulated::Instagram] {
        let chat = graph.chats(P, platform).remove(0);
        // Stickers are Messenger's, stories and view-once photos Instagram's (7.6).
        let mine = |content: &Content| match content {
            Content::StoryReply | Content::StoryMention | Content::ViewOnce => platform == Simulated::Instagram,
            Content::Sticker => platform == Simulated::Facebook,
            _ => true,
        };
        let before = posted(&receiver).len();
        let first = graph.receive(&chat, "Is the rye loaf back? 🍞").unwrap();
        graph.receive(&chat, Inbound::text("That one").reply_to(first.clone())).unwrap();
        for content in Content::ALL.into_iter().filter(mine) {
            graph.receive(&chat, Inbound::content(content)).unwrap();
        }
        graph.typed_in_inbox(&chat, "Typed in the inbox").unwrap();
        adapter.send(&text(&chat, "Sent by us")).await;
        sim.advance(Duration::from_secs(5)).await;

        let mut told = Vec::new();
        for asked in posted(&receiver).into_iter().skip(before) {
            let signature = asked.header("x-hub-signature-256").unwrap();
            assert!(hook::verify_signature(&secret, asked.body.as_bytes(), signature));
            assert!(!hook::verify_signature(&secret, asked.body.replace('1', "2").as_bytes(), signature));
            let delivery = hook::decode(asked.body.as_bytes()).unwrap();
            assert!(delivery.skipped.is_empty(), "{:?}", delivery.skipped);
            for item in delivery.items {
                assert_eq!(item.platform, ours(platform));
                assert_eq!(item.person, Some(RemoteId(chat.person.clone())), "{}", asked.body);
                told.extend(messages(item.events));
            }
        }
        let echo = told.iter().find(|m| m.text.as_deref() == Some("Sent by us")).unwrap();
        assert_eq!(echo.client_ref.is_some(), platform == Simulated::Facebook);

        let (out, mut pages) = tokio::sync::mpsc::channel(100);
        let read = Read::Messages {
            platform: ours(platform),
            archived: false,
            conversation: Some(RemoteId(chat.conversation.clone())),
            limit: Some(20),
            next: None,
        };
        adapter.read(&read, out).await.unwrap();
        let mut seen: Vec<MessageSeen> = Vec::new();
        while let Ok(page) = pages.try_recv() {
            seen.extend(messages(page.conversations.into_iter().flat_map(|c| c.events)));
        }
        let mut compared = BTreeSet::new();
        for told in told {
            // The page may not reach back to the first of them.
            let Some(seen) = seen.iter().find(|seen| seen.remote_id == told.remote_id) else { continue };
            let tie = seen.tie;
            let told = comparable(told);
            compared.insert(told.kind);
            let read = as_far_as_told(&told, comparable(seen.clone()));
            assert_eq!(links_cut(MessageSeen { tie, ..told }), links_cut(read), "{}", seen.raw);
        }
        assert!(compared.len() >= 8, "{compared:?}");

        graph_acts(&sim, &chat, &first, &receiver).await;
    }
    adapter.unsubscribe().await.unwrap();
    assert!(adapter.subscriptions().await.unwrap().is_empty());
}

/// A webhook has no descriptions of links, and on Instagram no titles; of what nobody has documented a read has no link.
fn as_far_as_told(told: &MessageSeen, mut read: MessageSeen) -> MessageSeen {
    // Only the webhook says that it was a photo to be seen once.
    if told.attachments.iter().any(|attachment| attachment.type_name == "ephemeral") {
        read.attachments.clone_from(&told.attachments);
    }
    for (read, told) in read.attachments.iter_mut().zip(&told.attachments) {
        match told.kind {
            MessageKind::Unknown => read.url.clone_from(&told.url),
            // Read in its old form, a sticker has no id to know the thumb by.
            MessageKind::Sticker => read.name.clone_from(&told.name),
            _ => {}
        }
        read.name = read.name.take().filter(|_| told.name.is_some());
        read.detail = read.detail.take().filter(|_| told.detail.is_some());
    }
    read
}

/// Signed links differ from read to read.
fn links_cut(mut seen: MessageSeen) -> MessageSeen {
    for attachment in &mut seen.attachments {
        attachment.url = attachment.url.take().map(|url| url.split('?').next().unwrap_or_default().to_owned());
    }
    seen
}

/// What happens to messages: each is one item with one fact.
async fn graph_acts(sim: &Simulator, chat: &Chat, message: &str, receiver: &Server) {
    let own = sim.graph().typed_in_inbox(chat, "Look here").unwrap();
    sim.advance(Duration::from_secs(5)).await;
    let before = posted(receiver).len();
    sim.react(chat, &own, "❤️").unwrap();
    sim.unreact(chat, &own).unwrap();
    sim.read(chat, sim.clock().now_ms()).unwrap();
    sim.edit(chat, message, "Is the rye loaf back today?").unwrap();
    sim.unsend(chat, message).unwrap();
    sim.graph().postback(chat, "Opening hours", "HOURS").unwrap();
    sim.graph().referral(chat, "flyer");
    sim.advance(Duration::from_secs(5)).await;
    let items: Vec<_> = posted(receiver)
        .into_iter()
        .skip(before)
        .flat_map(|asked| hook::decode(asked.body.as_bytes()).unwrap().items)
        .collect();
    let kinds: Vec<HookKind> = items.iter().map(|item| item.kind).collect();
    use HookKind::{Edited, Postback, Reaction, Read, Referral, Unsent};
    assert_eq!(kinds, [Reaction, Reaction, Read, Edited, Unsent, Postback, Referral]);
    let facts: Vec<Event> = items.into_iter().flat_map(|item| item.events).collect();
    let (by, of) = (RemoteId(chat.person.clone()), RemoteId(own));
    assert!(matches!(&facts[0], Event::Reacted { message, by: who, emoji: Some(emoji), .. }
        if *message == of && *who == by && emoji == "❤️"));
    assert!(matches!(&facts[1], Event::Reacted { message, emoji: None, .. } if *message == of));
    match chat.platform {
        Simulated::Instagram => assert_eq!(facts[2], Event::ReadMessage { message: of }),
        _ => assert!(matches!(facts[2], Event::ReadUpTo(_))),
    }
    assert!(matches!(&facts[3], Event::Edited { message: id, text, edition: 1 }
        if id.as_str() == message && text == "Is the rye loaf back today?"));
    assert_eq!(facts[4], Event::Unsent { message: RemoteId::from(message) });
}

#[tokio::test]
async fn webhooks_of_ayrshare_are_signed_fresh_and_read() {
    let sim = simulator().await;
    let receiver = Server::start(|_| server::json(200, &serde_json::json!({}))).await;
    let mut config = backscroll_adapters::ayrshare::AyrshareConfig::new(Secret::new(sim.api_key()));
    config.api_base = sim.base_url().to_owned();
    let adapter = backscroll_adapters::ayrshare::Ayrshare::new(config).unwrap();
    let secret = Secret::new("hook secret");
    let url = format!("http://{}/in", receiver.addr);
    adapter.register_webhook("messages", &url, &secret).await.unwrap();
    assert!(adapter.webhooks().await.unwrap().iter().any(|hook| hook.action == "messages" && hook.url == url));

    let chat = sim.chats(P, Simulated::Facebook).remove(0);
    let id = sim.inbound(&chat, "Are you open?").unwrap();
    sim.sent_elsewhere(&chat, "We are").unwrap();
    sim.react(&chat, &id, "🎉").unwrap();
    sim.edit(&chat, &id, "Are you open today?").unwrap();
    sim.unsend(&chat, &id).unwrap();
    sim.advance(Duration::from_secs(5)).await;
    let now = Timestamp(sim.clock().now_ms());
    let mut kinds = Vec::new();
    for asked in posted(&receiver) {
        let headers = ayrshare_hook::HookHeaders {
            timestamp: asked.header("x-authorization-timestamp"),
            signature: asked.header("x-authorization-content-sha256"),
            second_signature: asked.header("x-authorization-content-sha256-v2"),
        };
        let verify = |secret: &Secret, now| {
            ayrshare_hook::verify(std::slice::from_ref(secret), asked.body.as_bytes(), headers, now)
        };
        assert_eq!(verify(&secret, now), Ok(()));
        assert_eq!(verify(&Secret::new("x"), now), Err(ayrshare_hook::HookRefusal::WrongSignature));
        assert_eq!(verify(&secret, now.plus(600_000)), Err(ayrshare_hook::HookRefusal::OutOfTime));
        let delivery = ayrshare_hook::decode(asked.body.as_bytes()).unwrap();
        assert!(delivery.id.is_some() && delivery.skipped.is_empty(), "{:?}", delivery.skipped);
        for item in delivery.items {
            assert_eq!(item.conversation, Some(RemoteId(chat.conversation.clone())));
            assert!(!item.events.is_empty() && item.wants_read());
            kinds.push(item.kind);
        }
    }
    use HookKind::{Echo, Edited, Message, Reaction, Unsent};
    assert_eq!(kinds, [Message, Echo, Reaction, Edited, Unsent]);
    adapter.remove_webhook("messages").await.unwrap();
    assert!(adapter.webhooks().await.unwrap().iter().all(|hook| hook.action != "messages"));
}
