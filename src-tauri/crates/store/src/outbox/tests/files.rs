//! Files on their way, and when they come back.

use super::*;

#[test]
fn a_file_that_was_sent_keeps_its_name_and_kind_whatever_the_provider_calls_it() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "two", NOW).messages[0];
    let attempt = desk.begin(sent, NOW);
    desk.finish(sent, attempt, &accepted("m1"), at(SECOND));
    let before = message_details(&desk.connection, sent).unwrap().message;
    for (id, kind) in [("m1", MessageKind::File), ("m1", MessageKind::Sticker)] {
        let attachments = vec![AttachmentSeen {
            kind,
            name: Some("document.pdf".into()),
            url: Some(format!("https://cdn.example.org/{kind:?}")),
            ..AttachmentSeen::default()
        }];
        let echo = MessageSeen { text: None, kind, attachments, ..seen(id, Direction::Out, at(500), "") };
        let echo = page("t0", vec![Event::Message(Box::new(echo))], None);
        apply(&desk.connection, desk.account, &[echo], &live()).unwrap();
        let after = message_details(&desk.connection, sent).unwrap().message;
        assert_eq!((after.kind, after.attachments.len()), (before.kind, 1));
        let (held, told) = (&before.attachments[0], &after.attachments[0]);
        assert_eq!((&told.name, told.kind, &told.file), (&held.name, held.kind, &held.file));
    }
    check(&desk.connection);
}

#[test]
fn a_file_is_uploaded_before_its_message_leaves_and_the_text_waits_for_it() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "Here it is", NOW);
    let (file, text) = (sent.messages[0], sent.messages[1]);
    assert_eq!(desk.ready(NOW), [file]);
    begin_upload(&desk.connection, file, NOW).unwrap();
    assert!(desk.ready(NOW).is_empty(), "the text waits for its file");
    assert!(begin_attempt(&desk.connection, file, 0, NOW).is_err(), "nothing leaves half uploaded");
    let later = UploadOutcome::Later { reason: SendReason::Offline, next_at: Some(at(MINUTE)) };
    finish_upload(&desk.connection, file, &later, at(1)).unwrap();
    assert_eq!((desk.ready(at(2)), desk.ready(at(MINUTE))), (vec![], vec![file]));
    begin_upload(&desk.connection, file, at(MINUTE)).unwrap();
    finish_upload(&desk.connection, file, &UploadOutcome::Done, at(MINUTE)).unwrap();
    let attempt = desk.begin(file, at(MINUTE));
    desk.finish(file, attempt, &accepted("m1"), at(MINUTE));
    let parts = progress(&desk.connection, text).unwrap().unwrap().parts;
    assert_eq!(parts, Some(IntentParts { intent: sent.intent, part: 2, sent: 1, all: 2 }));
    assert_eq!(desk.ready(at(MINUTE)), [text]);
    // The platform's own copy changes nothing about ours.
    desk.echo_of(0, "m1", at(500), None);
    let kept = message_details(&desk.connection, file).unwrap().message;
    assert_eq!(
        (kept.kind, kept.attachments.len(), kept.send.unwrap().state),
        (MessageKind::Image, 1, SendState::Accepted)
    );
    assert!(crate::attachments_waiting(&desk.connection, 10).unwrap().is_empty(), "no second download");
    check(&desk.connection);
}

#[test]
fn an_upload_that_was_interrupted_starts_again() {
    let desk = Desk::new(2);
    let file = desk.enqueue_with_file(0, "one", NOW).message;
    begin_upload(&desk.connection, file, NOW).unwrap();
    sending_found_at_start(&desk.connection, at(1), at(MINUTE)).unwrap();
    assert_eq!(desk.ready(at(1)), [file]);
    begin_upload(&desk.connection, file, at(2)).unwrap();
    sending_lost(&desk.connection, desk.account, &[desk.conversation(0)].into(), at(3), at(MINUTE)).unwrap();
    assert_eq!(desk.state(file), SendState::Uploading, "its job is at it");
    sending_lost(&desk.connection, desk.account, &std::collections::BTreeSet::new(), at(3), at(MINUTE)).unwrap();
    assert_eq!(desk.ready(at(3)), [file]);
}

#[test]
fn a_file_that_the_provider_refuses_fails_alone() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "Here it is", NOW);
    begin_upload(&desk.connection, sent.messages[0], NOW).unwrap();
    let reason = SendReason::Rejected { said: "Too large.".into() };
    finish_upload(&desk.connection, sent.messages[0], &UploadOutcome::Refused { reason }, NOW).unwrap();
    assert_eq!(desk.state(sent.messages[0]), SendState::Failed);
    assert_eq!(desk.ready(NOW), [sent.messages[1]]);
    desk.decide(sent.messages[0], SendDecision::Retry, at(1)).unwrap();
    assert_eq!(desk.ready(at(1)), [sent.messages[0]]);
}

#[test]
fn a_file_that_was_sent_from_here_keeps_its_name() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "With this", NOW);
    let name = || message_details(&desk.connection, sent.message).unwrap().message.attachments[0].name.clone();
    let before = name();
    let attempt = desk.begin(sent.message, at(SECOND));
    desk.finish(sent.message, attempt, &accepted("m1"), at(2 * SECOND));
    let mut event = without_text("m1", at(2 * SECOND), MessageKind::Image);
    if let Event::Message(seen) = &mut event {
        seen.attachments[0].name = Some("document.pdf".to_owned());
    }
    apply(&desk.connection, desk.account, &[page("t0", vec![event], None)], &live()).unwrap();
    assert!(before.is_some());
    assert_eq!(name(), before);
}
