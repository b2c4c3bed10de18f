//! What every provider's adapter must hold against the simulator, whose truth is known: Ayrshare's and Graph's adapter
//! pass the same tests. What only Graph has is in [`graph`]; files are in [`uploads`], what carries them, quotes and
//! reactions in [`richer`].

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod graph;
mod log;
mod richer;
mod subject;
mod uploads;

use std::time::Duration;

use backscroll_adapters::{Content, Kind, Outgoing, Retry, SendOutcome};
use backscroll_model::{Direction, Event, Page, Provider};
use backscroll_simulator::{Fault, Platform, TokenState};
use subject::{P, Subject};

/// A crowd: bursts inside one second, more than a page holds, one single message, and own ones between.
fn crowd(subject: &Subject, platform: Platform) {
    let chats = subject.chats(platform);
    for (chat, count) in chats.iter().zip([45_i64, 3, 20, 1].into_iter().cycle()) {
        let start = subject.now() - 600_000;
        for n in 0..count {
            // Three to a second, so that pages are cut inside of one.
            let text = format!("{n} {}", "ünï🍞".repeat(usize::try_from(n % 3).unwrap()));
            let message = backscroll_simulator::Inbound::text(text).at(start + n * 333);
            subject.sim.inbound(chat, message).unwrap();
        }
        subject.sim.sent_elsewhere(chat, "Answered in the app").unwrap();
    }
}

fn messages(pages: &[Page]) -> impl Iterator<Item = (&str, &backscroll_model::MessageSeen)> {
    pages.iter().flat_map(|page| &page.conversations).flat_map(|conversation| {
        conversation.events.iter().filter_map(|event| match event {
            Event::Message(message) => Some((conversation.remote_id.as_str(), &**message)),
            _ => None,
        })
    })
}

#[tokio::test]
async fn every_message_is_brought_or_outside_of_what_the_listings_prove() {
    for provider in Provider::ALL {
        for platform in [Platform::Facebook, Platform::Instagram] {
            let subject = Subject::start(provider).await;
            crowd(&subject, platform);
            subject.pass(30).await;
            let pages = subject.read_all(platform).await;
            let (mut proven, mut brought) = (0, 0);
            for truth in subject.truth(platform).into_iter().filter(|message| !message.unsent) {
                let of_conversation = || {
                    pages.iter().flat_map(|p| &p.conversations).filter(|c| c.remote_id.as_str() == truth.conversation)
                };
                let is_proven = of_conversation().filter_map(|c| c.listing).any(|listing| {
                    listing.from.is_none_or(|from| from.0 <= truth.at_ms) && truth.at_ms <= listing.to.0
                });
                let found = messages(&pages).find(|(_, message)| message.remote_id.as_str() == truth.id);
                if let Some((conversation, message)) = found {
                    assert_eq!(conversation, truth.conversation, "{provider:?}");
                    let outgoing = truth.direction == backscroll_simulator::Direction::Sent;
                    assert_eq!(message.direction == Direction::Out, outgoing, "{provider:?}: {truth:?}");
                    assert_eq!(message.text.as_deref(), truth.text.as_deref().filter(|text| !text.is_empty()));
                    assert!((message.at.0 - truth.at_ms).abs() < 1_000, "{provider:?}: {truth:?}");
                    let raw: serde_json::Value = serde_json::from_str(&message.raw).unwrap();
                    assert_eq!(raw["id"], truth.id, "the raw JSON goes along");
                    brought += 1;
                } else {
                    assert!(!is_proven, "{provider:?} {platform:?} claims to have all, and not this one: {truth:?}");
                }
                proven += usize::from(is_proven);
            }
            assert!(pages.iter().all(|page| page.skipped.is_empty()));
            assert!(
                brought >= 25 && proven * 2 > brought,
                "{provider:?} {platform:?}: {proven} of {brought} are proven"
            );
        }
    }
}

#[tokio::test]
async fn who_is_on_the_other_side_is_told_with_every_conversation() {
    for provider in Provider::ALL {
        for platform in [Platform::Facebook, Platform::Instagram] {
            let subject = Subject::start(provider).await;
            let pages = subject.read_all(platform).await;
            for chat in subject.chats(platform) {
                let conversation =
                    pages.iter().flat_map(|p| &p.conversations).find(|c| c.remote_id.as_str() == chat.conversation);
                let events = &conversation.unwrap().events;
                let told = events.iter().find_map(|event| match event {
                    Event::Participant(person) => Some(person),
                    _ => None,
                });
                assert_eq!(told.unwrap().remote_id.as_str(), chat.person, "{provider:?} {platform:?}");
                assert!(told.unwrap().name.is_some() || told.unwrap().username.is_some(), "{provider:?} {platform:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_same_world_is_read_the_same_again() {
    for provider in Provider::ALL {
        for platform in [Platform::Facebook, Platform::Instagram] {
            let subject = Subject::start(provider).await;
            crowd(&subject, platform);
            let first = subject.read_all(platform).await;
            assert_eq!(first, subject.read_all(platform).await, "{provider:?} {platform:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_in_the_platforms_own_order_is_newest_first_with_ranks_of_equal_instants() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        crowd(&subject, Platform::Instagram);
        for conversation in subject.read_all(Platform::Instagram).await.iter().flat_map(|p| &p.conversations) {
            let places: Vec<_> = conversation
                .events
                .iter()
                .filter_map(|event| match event {
                    Event::Message(message) => Some((message.at, message.tie)),
                    _ => None,
                })
                .collect();
            assert!(places.is_sorted_by(|newer, older| newer > older), "{provider:?}: {places:?}");
        }
    }
}

#[tokio::test]
async fn what_was_sent_shows_in_the_next_read_under_the_id_that_was_given() {
    for provider in Provider::ALL {
        for platform in [Platform::Facebook, Platform::Instagram] {
            let subject = Subject::start(provider).await;
            let chat = subject.chats(platform).remove(0);
            subject.sim.inbound(&chat, "Are you open?").unwrap();
            let send = Outgoing {
                platform: subject::ours(platform),
                conversation: chat.conversation.as_str().into(),
                recipient: Some(chat.person.as_str().into()),
                content: Content::Text("Sí, until six 🥐".to_owned()),
                reply_to: None,
                client_ref: "c-01J9Z2".to_owned(),
                human_agent: false,
            };
            let SendOutcome::Accepted { remote_id, server_time } = subject.adapter.send(&send).await else {
                panic!("{provider:?} {platform:?}: not accepted")
            };
            assert!(server_time.is_some());
            subject.pass(61).await;
            let pages = subject.read_all(platform).await;
            let (conversation, message) = messages(&pages).find(|(_, m)| m.remote_id == remote_id).unwrap();
            assert_eq!(conversation, chat.conversation);
            assert_eq!((message.direction, message.text.as_deref()), (Direction::Out, send.text()));
            assert_eq!(messages(&pages).filter(|(_, m)| m.text.as_deref() == send.text()).count(), 1);
        }
    }
}

#[tokio::test]
async fn a_refused_secret_is_told_from_everything_else_and_never_tried_by_itself() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        let mut expected = Vec::new();
        if provider == Provider::Ayrshare {
            subject.sim.revoke_api_key();
            expected.push((None, Kind::KeyRefused));
        } else {
            let since_ms = subject.now();
            expected = vec![
                (Some(TokenState::Expired { since_ms }), Kind::TokenExpired),
                (Some(TokenState::Revoked), Kind::TokenRevoked),
                (Some(TokenState::Garbage), Kind::TokenRevoked),
                (Some(TokenState::PasswordChanged), Kind::PasswordChanged),
                (Some(TokenState::Checkpoint), Kind::Checkpoint),
                (Some(TokenState::NoRole), Kind::RoleLost),
            ];
        }
        for (state, kind) in expected {
            if let Some(state) = state {
                subject.sim.graph().set_token_state(&subject.sim.graph().page_token(P), state).unwrap();
            }
            let (done, pages) = subject.read(&subject.newest(Platform::Facebook, None)).await;
            let error = done.unwrap_err();
            assert_eq!((&error.kind, pages.len()), (&kind, 0), "{error}");
            assert_eq!(error.kind.retry(), Retry::UserMustAct);
        }
    }
}

#[tokio::test]
async fn a_failing_provider_is_tried_again_and_nothing_of_half_an_answer_is_kept() {
    for provider in Provider::ALL {
        let faults = || [Fault::http(500), Fault::http(502), Fault::http(503), Fault::gzip_bomb(80)];
        for fault in faults() {
            let subject = Subject::start(provider).await;
            let name = fault.name();
            subject.fail(fault);
            let (done, pages) = subject.read(&subject.newest(Platform::Facebook, None)).await;
            if let (Provider::Meta, "bytes", Ok(done)) = (provider, name, &done) {
                assert_eq!(done.calls, 2, "too much is asked for again in smaller pieces");
                continue;
            }
            let error = done.unwrap_err();
            let fits = matches!(error.kind.retry(), Retry::Backoff) || error.kind == Kind::TooLarge;
            assert!(fits && pages.is_empty(), "{provider:?} {name}: {error}");
            assert!(subject.read(&subject.newest(Platform::Facebook, None)).await.0.is_ok(), "{provider:?} {name}");
        }
    }
}

#[test]
fn no_secret_is_in_any_error_or_log() {
    let (log, guard) = log::Log::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for provider in Provider::ALL {
            let subject = Subject::start(provider).await;
            let mut words = format!("{:?}", subject.adapter);
            for fault in [
                Fault::http(400),
                Fault::http(401),
                Fault::http(403),
                Fault::http(429),
                Fault::http(500),
                Fault::apply_then_drop(),
            ] {
                subject.fail(fault);
                let (done, _) = subject.read(&subject.newest(Platform::Instagram, None)).await;
                words.push_str(&format!("{:?} ", done.map_err(|error| (error.to_string(), error))));
            }
            words.push_str(&serde_json::to_string(&subject.read_all(Platform::Instagram).await).unwrap());
            subject.sim.graph().set_knobs(|knobs| knobs.unknown_fields = ["reply_to".to_owned()].into());
            words.push_str(&serde_json::to_string(&subject.read_all(Platform::Facebook).await).unwrap());
            words.push_str(&log.take());
            for secret in subject.secrets() {
                assert!(!words.contains(&secret), "{provider:?}: {secret} is told");
            }
        }
    });
    drop(guard);
}

#[tokio::test]
async fn a_read_counts_its_calls_and_tells_the_providers_clock() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        subject.pass(1).await;
        let done = subject.read(&subject.newest(Platform::Facebook, None)).await.0.unwrap();
        assert_eq!((done.calls, done.unfinished), (1, false));
        let now = subject.now();
        assert!(done.server_time.is_some_and(|time| (time.0 - now).abs() < 2_000), "{provider:?}: {done:?}");
        assert!(done.quota.is_some(), "{provider:?}");
    }
}

#[tokio::test]
async fn a_dropped_receiver_ends_a_read_without_an_error() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        let (out, pages) = tokio::sync::mpsc::channel(1);
        drop(pages);
        let question = subject.newest(Platform::Facebook, None);
        let read = subject.adapter.read(&question, out);
        let done = tokio::time::timeout(Duration::from_secs(60), read).await;
        assert!(done.unwrap().is_ok(), "{provider:?}");
    }
}
