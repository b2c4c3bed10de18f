//! What only Graph has: walks into the past, ids beyond the newest 20, people, kinds of content, quirks.

use std::collections::{BTreeMap, BTreeSet};

use backscroll_adapters::{Kind, Read};
use backscroll_model::{Event, Listing, MessageKind, MessageSeen, Page, Provider, RemoteId};
use backscroll_simulator::{Chat, Content, Inbound, OlderRows, Platform, ReactionsForm, StickerForm};

use crate::messages;
use crate::subject::{Both, Subject, ours};

async fn graph() -> Subject {
    Subject::start(Provider::Meta).await
}

/// 250 messages, four to a second.
fn long(subject: &Subject, platform: Platform) -> Chat {
    let chat = subject.chats(platform).remove(0);
    let start = subject.now() - 3_600_000;
    for n in 0..250 {
        subject.sim.inbound(&chat, Inbound::text(n.to_string()).at(start + n * 250)).unwrap();
    }
    chat
}

/// Follows `next` to the end.
async fn walk(subject: &Subject, question: impl Fn(Option<String>) -> Read) -> Vec<Page> {
    let (mut all, mut next) = (Vec::new(), None);
    for _ in 0..60 {
        let (done, pages) = subject.read(&question(next)).await;
        all.extend(pages);
        next = done.unwrap().next;
        if next.is_none() {
            return all;
        }
    }
    panic!("a list without end");
}

fn pages_of(chat: &Chat, limit: u32) -> impl Fn(Option<String>) -> Read {
    let (platform, conversation) = (ours(chat.platform), RemoteId::from(chat.conversation.as_str()));
    move |next| Read::Messages {
        platform,
        archived: false,
        conversation: Some(conversation.clone()),
        limit: Some(limit),
        next,
    }
}

fn ids_of(chat: &Chat) -> impl Fn(Option<String>) -> Read {
    let (platform, conversation) = (ours(chat.platform), RemoteId::from(chat.conversation.as_str()));
    move |next| Read::Ids { platform, conversation: conversation.clone(), next }
}

/// Stretches that touch become one.
fn joined(listings: impl Iterator<Item = Listing>) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = listings.map(|l| (l.from.map_or(i64::MIN, |from| from.0), l.to.0)).collect();
    all.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in all {
        match joined.last_mut().filter(|last| from <= last.1) {
            Some(last) => last.1 = last.1.max(to),
            None => joined.push((from, to)),
        }
    }
    joined
}

async fn only(subject: &Subject, chat: &Chat) -> BTreeMap<String, MessageSeen> {
    let (done, pages) = subject.read(&pages_of(chat, 20)(None)).await;
    done.unwrap();
    messages(&pages).map(|(_, message)| (message.remote_id.0.clone(), message.clone())).collect()
}

#[tokio::test]
async fn a_walk_through_messenger_brings_every_message_and_proves_one_stretch_to_the_beginning() {
    for limit in [7, 50, 100] {
        let subject = graph().await;
        let chat = long(&subject, Platform::Facebook);
        let pages = walk(&subject, pages_of(&chat, limit)).await;
        let brought: BTreeSet<&str> = messages(&pages).map(|(_, m)| m.remote_id.as_str()).collect();
        let truth = subject.sim.graph().truth(&chat).unwrap();
        assert!(truth.iter().all(|message| brought.contains(message.id.as_str())));
        let stretches = joined(pages.iter().flat_map(|p| &p.conversations).filter_map(|c| c.listing));
        assert_eq!(stretches.len(), 1, "{limit}: {stretches:?}");
        assert_eq!(stretches[0].0, i64::MIN, "to the very first message");
    }
}

#[tokio::test]
async fn ids_name_every_message_of_instagram_and_only_the_newest_20_have_text() {
    let subject = graph().await;
    let chat = long(&subject, Platform::Instagram);
    let pages = walk(&subject, ids_of(&chat)).await;
    let named: BTreeSet<&str> = pages
        .iter()
        .flat_map(|p| &p.conversations)
        .flat_map(|c| &c.events)
        .filter_map(|event| match event {
            Event::Listed { message, .. } => Some(message.as_str()),
            _ => None,
        })
        .collect();
    let truth = subject.sim.graph().truth(&chat).unwrap();
    assert!(truth.iter().all(|message| named.contains(message.id.as_str())));
    assert_eq!(named.len(), truth.len());
    let conversations = || pages.iter().flat_map(|p| &p.conversations);
    assert!(conversations().all(|c| c.listing.is_none()), "ids prove nothing of text");
    let stretches = joined(conversations().filter_map(|c| c.ids));
    assert_eq!((stretches.len(), stretches[0].0), (1, i64::MIN));
    let (done, pages) = subject.read(&pages_of(&chat, 100)(None)).await;
    assert_eq!((messages(&pages).count(), done.unwrap().next), (20, None));
}

#[tokio::test]
async fn a_platform_that_refuses_what_is_older_ends_the_walk_and_leaves_the_rest_unproven() {
    for older_rows in [OlderRows::Bare, OlderRows::Refuse] {
        let subject = graph().await;
        subject.sim.graph().set_knobs(|knobs| {
            knobs.messenger_details = Some(20);
            knobs.older_rows = older_rows;
        });
        let chat = long(&subject, Platform::Facebook);
        let pages = walk(&subject, pages_of(&chat, 20)).await;
        assert_eq!(messages(&pages).count(), 20);
        let listings = || pages.iter().flat_map(|p| &p.conversations).filter_map(|c| c.listing);
        let oldest = messages(&pages).map(|(_, message)| message.at).min().unwrap();
        assert!(listings().all(|l| l.from.is_some_and(|from| from > oldest)), "{older_rows:?}");
    }
}

#[tokio::test]
async fn one_person_is_found_and_nobody_is_an_empty_answer() {
    let subject = graph().await;
    let chat = subject.chats(Platform::Instagram).remove(1);
    let person = |person: &str| Read::Person { platform: ours(Platform::Instagram), person: person.into() };
    let (done, pages) = subject.read(&person(&chat.person)).await;
    assert_eq!((done.unwrap().next, pages[0].conversations.len()), (None, 1));
    assert_eq!(pages[0].conversations[0].remote_id.as_str(), chat.conversation);
    let (done, pages) = subject.read(&person("9999999")).await;
    assert!(done.is_ok() && pages.is_empty());
}

#[tokio::test]
async fn every_kind_of_content_becomes_a_message_of_its_kind() {
    for (stickers, reactions) in [
        (StickerForm::Url, ReactionsForm::Data),
        (StickerForm::Attachment, ReactionsForm::Array),
        (StickerForm::Rendered, ReactionsForm::Bare),
    ] {
        for platform in [Platform::Facebook, Platform::Instagram] {
            let subject = graph().await;
            subject.sim.graph().set_knobs(|knobs| (knobs.sticker_form, knobs.reactions_form) = (stickers, reactions));
            let chat = subject.chats(platform).remove(0);
            let mut expected = BTreeMap::new();
            for content in Content::ALL {
                let on_instagram = matches!(content, Content::StoryReply | Content::StoryMention | Content::ViewOnce);
                if on_instagram && platform == Platform::Facebook
                    || content == Content::Sticker && platform == Platform::Instagram
                {
                    continue;
                }
                let id = subject.sim.graph().receive(&chat, Inbound::content(content)).unwrap();
                subject.pass(2).await;
                expected.insert(id, content);
            }
            let quoted = subject.sim.graph().receive(&chat, "Quoted").unwrap();
            let answer = subject.sim.graph().receive(&chat, Inbound::text("Answer").reply_to(quoted.as_str())).unwrap();
            subject.sim.react(&chat, &answer, "😍").unwrap();
            let seen = only(&subject, &chat).await;
            for (id, content) in expected {
                let kind = match content {
                    Content::Image => MessageKind::Image,
                    Content::Video => MessageKind::Video,
                    Content::Audio => MessageKind::Audio,
                    Content::File => MessageKind::File,
                    Content::Sticker => MessageKind::Sticker,
                    Content::Link | Content::Post | Content::IgPost => MessageKind::Share,
                    Content::Reel | Content::IgReel => MessageKind::Reel,
                    Content::Product => MessageKind::Product,
                    Content::Template => MessageKind::Template,
                    Content::StoryReply => MessageKind::StoryReply,
                    Content::StoryMention => MessageKind::StoryMention,
                    Content::ViewOnce => MessageKind::Unknown,
                    Content::Unheard => continue,
                };
                let message = &seen[&id];
                assert_eq!(message.kind, kind, "{platform:?} {content:?}: {}", message.raw);
                let has_link = message.attachments.first().is_some_and(|a| a.url.is_some());
                assert_eq!(has_link, content != Content::ViewOnce, "{platform:?} {content:?}: {}", message.raw);
            }
            assert_eq!(seen[&answer].reply_to.as_ref().map(RemoteId::as_str), Some(quoted.as_str()));
            let reactions = seen[&answer].reactions.as_ref().unwrap();
            assert_eq!((reactions[0].by.as_str(), reactions[0].emoji.as_str()), (chat.person.as_str(), "😍"));
        }
    }
}

#[tokio::test]
async fn who_typed_for_the_business_does_not_matter() {
    let subject = graph().await;
    subject.sim.graph().set_knobs(|knobs| knobs.agent_name = Some("Joana".to_owned()));
    let chat = subject.chats(Platform::Facebook).remove(0);
    let id = subject.sim.graph().typed_in_inbox(&chat, "Typed by Joana").unwrap();
    let pages = subject.read_all(Platform::Facebook).await;
    let (_, message) = messages(&pages).find(|(_, m)| m.remote_id.as_str() == id).unwrap();
    assert_eq!(message.direction, backscroll_model::Direction::Out);
}

#[tokio::test]
async fn empty_pages_are_walked_over_and_a_circle_ends() {
    let subject = graph().await;
    subject.sim.graph().set_knobs(|knobs| knobs.empty_pages = 1);
    assert_eq!(subject.read_all(Platform::Facebook).await.iter().map(|p| p.conversations.len()).sum::<usize>(), 4);
    subject.sim.graph().set_knobs(|knobs| knobs.repeat_next = true);
    let pages = subject.read_all(Platform::Facebook).await;
    assert!(pages.iter().flat_map(|p| &p.skipped).any(|skipped| skipped.what == "page"), "named, not swallowed");
}

#[tokio::test]
async fn fields_that_a_version_lacks_are_learned_once() {
    let subject = graph().await;
    let unknown = ["reactions", "story", "link"].map(str::to_owned);
    subject.sim.graph().set_knobs(|knobs| knobs.unknown_fields = unknown.into());
    let Both::Meta(adapter) = &subject.adapter else { panic!() };
    let pages = subject.read_all(Platform::Instagram).await;
    assert!(messages(&pages).count() > 0 && messages(&pages).all(|(_, m)| m.reactions.is_none()));
    let learned = adapter.dropped_fields();
    assert!(learned.contains("reactions") && learned.contains("story"), "{learned:?}");
    let (done, _) = subject.read(&subject.newest(Platform::Instagram, None)).await;
    assert_eq!(done.unwrap().calls, 1);
}

#[tokio::test]
async fn too_much_data_is_asked_for_in_smaller_pieces() {
    let subject = graph().await;
    subject.sim.graph().set_knobs(|knobs| knobs.max_data = Some(25));
    let (done, pages) = subject.read(&subject.newest(Platform::Instagram, None)).await;
    assert!(done.unwrap().calls > 1);
    assert_eq!(pages[0].conversations.len(), 1);
    subject.sim.graph().set_knobs(|knobs| knobs.max_data = Some(5));
    let error = subject.read(&subject.newest(Platform::Instagram, None)).await.0.unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge);
}

#[tokio::test]
async fn unsent_messages_are_not_brought_and_cut_no_proof() {
    for unsent_rows in [false, true] {
        let subject = graph().await;
        subject.sim.graph().set_knobs(|knobs| knobs.unsent_rows = unsent_rows);
        let chat = subject.chats(Platform::Instagram).remove(0);
        let id = subject.sim.inbound(&chat, "Regretted").unwrap();
        subject.pass(2).await;
        subject.sim.inbound(&chat, "Kept").unwrap();
        subject.sim.unsend(&chat, &id).unwrap();
        let pages = subject.read_all(Platform::Instagram).await;
        assert!(messages(&pages).all(|(_, message)| message.text.as_deref() != Some("Regretted")));
        let conversation =
            pages.iter().flat_map(|p| &p.conversations).find(|c| c.remote_id.as_str() == chat.conversation);
        assert_eq!(conversation.unwrap().listing.unwrap().from, None, "{unsent_rows}");
    }
}

#[tokio::test]
async fn the_name_of_a_person_comes_by_their_profile() {
    let subject = graph().await;
    for platform in [Platform::Facebook, Platform::Instagram] {
        let chat = subject.chats(platform).remove(0);
        let question = Read::Profile {
            platform: ours(platform),
            conversation: chat.conversation.as_str().into(),
            person: chat.person.as_str().into(),
        };
        let (done, pages) = subject.read(&question).await;
        assert_eq!(done.unwrap().calls, 1);
        let Event::Participant(person) = &pages[0].conversations[0].events[0] else { panic!() };
        assert_eq!(person.remote_id.as_str(), chat.person);
    }
}
