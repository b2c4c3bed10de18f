//! Messages that are more than text, and reactions: what each provider takes arrives whole, and what it does not take is
//! refused and never cut down in silence.

use backscroll_adapters::{Content, Kind, Outgoing, SendOutcome};
use backscroll_model::{OutgoingKind, Provider, RemoteId};
use backscroll_simulator::{Fault, Platform};
use sha2::{Digest as _, Sha256};

use crate::subject::{Subject, ours};
use crate::uploads::{DAY, PDF, PNG, leaving, message, sparse, with_files};

#[tokio::test]
async fn a_send_with_files_is_judged_like_any_other() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        let chat = subject.open_chat(Platform::Instagram);
        let leaving = leaving(Platform::Instagram, "cake.png", PNG);
        let reference = subject.upload(&leaving.file).await.unwrap().reference;
        let send = with_files(&chat, OutgoingKind::Image, &[reference]);
        let mut expected = 0;
        for (fault, arrives) in [
            (Fault::without_id(), true),
            (Fault::apply_then_drop(), true),
            (Fault::applied(Fault::http(502)), true),
            (Fault::applied(Fault::Empty), true),
            (Fault::Reset, false),
            (Fault::Html { http: 403 }, false),
        ] {
            let name = fault.name();
            subject.fail_send(fault);
            let outcome = subject.adapter.send(&send).await;
            assert!(matches!(outcome, SendOutcome::Ambiguous(_)), "{provider:?} {name}: {outcome:?}");
            expected += usize::from(arrives);
            assert_eq!(subject.sim.delivered().len(), expected, "{provider:?} {name}");
        }
        subject.pass(8 * DAY).await;
        let closed = subject.adapter.send(&send).await;
        assert!(matches!(&closed, SendOutcome::Refused(error) if error.kind == Kind::WindowClosed), "{closed:?}");
    }
}

#[tokio::test]
async fn an_album_is_one_message_of_instagram_at_graph_alone() {
    let subject = Subject::start(Provider::Meta).await;
    let chat = subject.open_chat(Platform::Instagram);
    let mut refs = Vec::new();
    for n in 0..10 {
        let leaving = leaving(Platform::Instagram, "cake.png", &[PNG, &[n]].concat());
        refs.push(subject.upload(&leaving.file).await.unwrap().reference);
    }
    let album = with_files(&chat, OutgoingKind::Image, &refs);
    let row = subject.delivered(&subject.adapter.send(&album).await);
    let hashes: Vec<_> = (0..10).map(|n| Some(hex::encode(Sha256::digest([PNG, &[n]].concat())))).collect();
    assert_eq!(row.files.into_iter().map(|file| file.sha256).collect::<Vec<_>>(), hashes, "all, in order");
    // An account that may not yet: this message is refused, the account is not.
    subject.sim.graph().set_send_knobs(|knobs| knobs.many_images = false);
    let refused = subject.adapter.send(&album).await;
    assert!(matches!(&refused, SendOutcome::Refused(error) if error.kind == Kind::OneByOne), "{refused:?}");
    assert_eq!(subject.sim.delivered().len(), 1);
}

#[tokio::test]
async fn an_attachment_of_another_platform_or_kind_is_refused_by_graph() {
    let subject = Subject::start(Provider::Meta).await;
    let chat = subject.open_chat(Platform::Instagram);
    let picture = leaving(Platform::Facebook, "cake.png", PNG);
    let reference = subject.upload(&picture.file).await.unwrap().reference;
    let outcome = subject.adapter.send(&with_files(&chat, OutgoingKind::Image, &[reference])).await;
    assert!(matches!(&outcome, SendOutcome::Refused(error) if error.code.as_deref() == Some("100/2018074")));
    // A picture that lies about what it is, and one that is too large.
    let mut lie = leaving(Platform::Instagram, "cake.png", PDF);
    let error = subject.upload(&lie.file).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (Kind::Rejected, Some("100/2018047")));
    lie.file.mime = "video/mp4".to_owned();
    assert_eq!(subject.upload(&lie.file).await.unwrap_err().code.as_deref(), Some("100/2018047"));
    let large = sparse(Platform::Instagram, "cake.png", 8_000_001);
    assert_eq!(subject.upload(&large.file).await.unwrap_err().kind, Kind::TooLarge);
    assert!(subject.sim.delivered().is_empty());
}

#[tokio::test]
async fn a_quote_reaches_graph_and_is_never_dropped_in_silence_elsewhere() {
    for provider in Provider::ALL {
        for platform in [Platform::Facebook, Platform::Instagram] {
            let subject = Subject::start(provider).await;
            let chat = subject.open_chat(platform);
            let quoted = RemoteId(subject.sim.inbound(&chat, "With raisins?").unwrap());
            let leaving = leaving(platform, "cake.png", PNG);
            let reference = subject.upload(&leaving.file).await.unwrap().reference;
            for send in
                [message(&chat, Content::Text("Yes".to_owned())), with_files(&chat, OutgoingKind::Image, &[reference])]
            {
                let send = Outgoing { reply_to: Some(quoted.clone()), ..send };
                assert_eq!(subject.adapter.capabilities(send.platform).quote, provider == Provider::Meta);
                let outcome = subject.adapter.send(&send).await;
                if provider == Provider::Meta {
                    assert_eq!(subject.delivered(&outcome).reply_to.as_deref(), Some(quoted.as_str()));
                } else {
                    assert!(matches!(&outcome, SendOutcome::Refused(error) if error.kind == Kind::Unsupported));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_reaction_is_put_changed_and_taken_back_where_the_provider_can() {
    for provider in Provider::ALL {
        for platform in [Platform::Facebook, Platform::Instagram] {
            let subject = Subject::start(provider).await;
            let chat = subject.open_chat(platform);
            let id = subject.sim.inbound(&chat, "Thank you!").unwrap();
            let (conversation, person) =
                (RemoteId::from(chat.conversation.as_str()), RemoteId::from(chat.person.as_str()));
            let react = async |message: &str, emoji| {
                subject.adapter.react(ours(platform), &conversation, &person, &message.into(), emoji).await
            };
            let reactions = || {
                let row = subject.sim.ledger().into_iter().find(|entry| entry.id == id).unwrap();
                row.reactions.into_values().collect::<Vec<_>>()
            };
            if provider == Provider::Ayrshare {
                assert!(!subject.adapter.capabilities(ours(platform)).react);
                assert_eq!(react(&id, Some("👍")).await.unwrap_err().kind, Kind::Unsupported);
                continue;
            }
            assert!(subject.adapter.capabilities(ours(platform)).react);
            for emoji in ["👍", "👍", "🥐"] {
                react(&id, Some(emoji)).await.unwrap();
                assert_eq!(reactions(), [emoji]);
            }
            react(&id, None).await.unwrap();
            assert!(reactions().is_empty());
            assert_eq!(react("m_none", Some("👍")).await.unwrap_err().kind, Kind::Rejected);
            assert_eq!(react(&id, Some("")).await.unwrap_err().kind, Kind::Rejected);
            assert_eq!(react("", None).await.unwrap_err().kind, Kind::Rejected);
            subject.sim.graph().set_send_knobs(|knobs| knobs.instagram_reactions = false);
            let refused = react(&id, Some("👍")).await.err().map(|error| error.kind);
            assert_eq!(refused, (platform == Platform::Instagram).then_some(Kind::Server));
        }
    }
}
