//! Webhooks on the wire: escaping, signatures, retries, and everything that goes wrong with deliveries.

use backscroll_simulator::{HookObject, Platform, Signing};
use serde_json::json;

use crate::receiver::{Receiver, signature};
use crate::{Api, HOUR, P, START};

#[tokio::test]
async fn bodies_are_ascii_and_signed_as_they_are() {
    let (api, receiver) = Receiver::listening(&[]).await;
    api.sim.inbound(&api.ada(), "Grüße ❤️ 🎂").unwrap();
    api.sim.settle().await;
    let (header, body) = receiver.mail().remove(0);
    assert!(body.is_ascii());
    assert!(String::from_utf8_lossy(&body).contains(r"Gr\u00fc\u00dfe \u2764\ufe0f \ud83c\udf82"));
    assert_eq!(header.unwrap(), signature(&api.sim.graph().app().1, &body));
    assert_eq!(receiver.last()["message"]["text"], "Grüße ❤️ 🎂");
}

#[tokio::test]
async fn a_signature_can_be_wrong_or_missing() {
    let (api, receiver) = Receiver::listening(&[]).await;
    for signing in [Signing::Wrong, Signing::Missing] {
        api.sim.graph().set_hook_knobs(|k| k.signing = signing);
        api.sim.inbound(&api.ada(), "x").unwrap();
        api.sim.settle().await;
    }
    let mail = receiver.mail();
    let wrong = mail[0].0.clone().unwrap();
    assert!(wrong.starts_with("sha256=") && wrong != signature(&api.sim.graph().app().1, &mail[0].1));
    assert_eq!(mail[1].0, None);
}

#[tokio::test]
async fn a_stranger_can_post_anything() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let huge = vec![b' '; 2_000_000];
    assert!(api.sim.graph().post_webhook(HookObject::Page, huge.clone(), Signing::Right));
    assert!(api.sim.graph().post_webhook(HookObject::Page, "not json", Signing::Wrong));
    api.sim.settle().await;
    let mail = receiver.mail();
    assert_eq!((mail[0].1.len(), &mail[1].1[..]), (huge.len(), b"not json".as_slice()));
    assert_eq!(mail[0].0.clone().unwrap(), signature(&api.sim.graph().app().1, &huge));
    assert!(!Api::start().await.sim.graph().post_webhook(HookObject::Page, "x", Signing::Right), "nobody listens");
}

#[tokio::test]
async fn a_notification_can_come_twice_byte_for_byte() {
    let (api, receiver) = Receiver::listening(&[]).await;
    api.sim.inbound(&api.ada(), "once 🎂").unwrap();
    api.sim.settle().await;
    api.pass(60).await;
    let first = api.sim.graph().webhooks()[0].clone();
    api.sim.graph().redeliver(&first);
    api.sim.settle().await;
    api.sim.graph().set_hook_knobs(|k| k.twice = true);
    api.sim.inbound(&api.ada(), "twice").unwrap();
    api.sim.settle().await;
    let mail = receiver.mail();
    assert_eq!((mail.len(), &mail[0], &mail[2]), (4, &mail[1], &mail[3]));
}

#[tokio::test]
async fn deliveries_can_be_held_released_and_reordered() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let texts =
        || receiver.events().iter().map(|e| e["message"]["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    api.sim.graph().hold_webhooks();
    for text in ["one", "two", "three"] {
        api.sim.inbound(&api.ada(), text).unwrap();
    }
    api.pass(10).await;
    assert!(texts().is_empty());
    api.sim.graph().release_webhooks(true);
    api.sim.settle().await;
    assert_eq!(texts(), ["three", "two", "one"]);
    api.sim.graph().set_hook_knobs(|k| k.out_of_order = true);
    for text in ["four", "five", "six"] {
        api.sim.inbound(&api.ada(), text).unwrap();
    }
    api.sim.settle().await;
    assert_eq!(&texts()[3..], ["five", "four"]);
    api.sim.graph().set_hook_knobs(|k| k.out_of_order = false);
    api.sim.graph().release_webhooks(false);
    api.sim.settle().await;
    assert_eq!(texts().last().unwrap(), "six");
}

#[tokio::test]
async fn times_can_be_in_seconds() {
    let (api, receiver) = Receiver::listening(&[]).await;
    api.sim.graph().set_hook_knobs(|k| k.seconds = true);
    api.sim.inbound(&api.ada(), "x").unwrap();
    api.sim.settle().await;
    let entry = receiver.bodies().remove(0)["entry"][0].clone();
    assert_eq!((&entry["time"], &entry["messaging"][0]["timestamp"]), (&json!(START / 1_000), &json!(START / 1_000)));
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_with_the_same_bytes_and_then_given_up() {
    let (api, receiver) = Receiver::listening(&[500, 404, 503, 500, 500]).await;
    api.sim.inbound(&api.ada(), "x").unwrap();
    api.sim.settle().await;
    assert_eq!(receiver.mail().len(), 1);
    api.pass(1).await;
    assert_eq!(receiver.mail().len(), 2, "at once");
    api.pass(600).await;
    let mail = receiver.mail();
    assert_eq!(mail.len(), 4, "a few times");
    assert!(mail.iter().all(|m| *m == mail[0]));
    let tries: Vec<_> = api.sim.graph().webhooks().iter().map(|w| (w.number, w.attempt, w.status)).collect();
    assert_eq!(tries, [(1, 1, Some(500)), (1, 2, Some(404)), (1, 3, Some(503)), (1, 4, Some(500))]);
}

#[tokio::test]
async fn after_an_hour_of_failures_the_page_is_unsubscribed_until_it_subscribes_again() {
    let (api, receiver) = Receiver::listening(&[500; 4]).await;
    api.sim.inbound(&api.ada(), "lost").unwrap();
    api.pass(15 * 60).await;
    assert_eq!(api.sim.graph().webhook_alerts(), [(HookObject::Page, P, START + 900_000)]);
    assert!(api.sim.graph().subscribed(P, HookObject::Page));
    api.pass(HOUR).await;
    assert!(!api.sim.graph().subscribed(P, HookObject::Page));
    api.sim.inbound(&api.ada(), "unheard").unwrap();
    api.sim.settle().await;
    assert_eq!(receiver.mail().len(), 4);
    let path = "/me/subscribed_apps?subscribed_fields=messages";
    assert_eq!(api.post(path, json!({})).await.0, 200);
    api.sim.inbound(&api.ada(), "heard").unwrap();
    api.sim.settle().await;
    assert_eq!(receiver.last()["message"]["text"], "heard");
}

#[tokio::test]
async fn one_success_within_the_hour_keeps_the_subscription() {
    let (api, receiver) = Receiver::listening(&[500; 4]).await;
    let noor = api.noor();
    api.pass(30 * 60).await;
    api.sim.inbound(&noor, "again").unwrap();
    api.pass(2 * HOUR).await;
    assert!(api.sim.graph().subscribed(P, HookObject::Instagram));
    assert_eq!(receiver.last()["message"]["text"], "again");
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_in_time_has_failed() {
    let (api, receiver) = Receiver::listening(&[0]).await;
    api.sim.graph().set_hook_knobs(|k| k.patience_ms = 30);
    api.sim.inbound(&api.ada(), "x").unwrap();
    api.sim.settle().await;
    assert_eq!(api.sim.graph().webhooks()[0].status, None);
    api.pass(1).await;
    assert_eq!(receiver.mail().len(), 2);
}

#[tokio::test]
async fn only_this_machine_is_called() {
    let api = Api::start().await;
    api.sim.graph().subscribe_all(P, "https://hook.example.test/in");
    api.sim.inbound(&api.sim.chats(P, Platform::Facebook)[0], "x").unwrap();
    api.pass(600).await;
    let log = api.sim.graph().webhooks();
    assert_eq!((log.len(), log[0].status), (1, None));
}
