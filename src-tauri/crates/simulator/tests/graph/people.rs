//! Who writes (reference 8).

use backscroll_simulator::{PersonFlags, WorldKind};
use serde_json::json;

use crate::{Api, FB, IG, P};

const FB_FIELDS: &str = "first_name,last_name,name,profile_pic";
const IG_FIELDS: &str =
    "name,username,profile_pic,follower_count,is_verified_user,is_user_follow_business,is_business_follow_user";

#[tokio::test]
async fn a_person_has_a_name_and_a_picture_that_expires() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.get(&format!("/{}?fields={FB_FIELDS}", api.chat(FB, "Ada Park").person)).await;
    assert_eq!(
        (&ada["first_name"], &ada["last_name"], &ada["name"]),
        (&json!("Ada"), &json!("Park"), &json!("Ada Park"))
    );
    let picture = ada["profile_pic"].as_str().unwrap();
    assert_eq!(api.http.get(picture).send().await.unwrap().headers()["content-type"], "image/jpeg");
    api.pass(5 * 86_400).await;
    assert_eq!(api.http.get(picture).send().await.unwrap().status(), 403);

    let noor = api.get(&format!("/{}?fields={IG_FIELDS}", api.chat(IG, "Noor Vale").person)).await;
    assert_eq!(noor["username"], "noor.vale");
    assert!(noor["follower_count"].is_u64() && noor["is_verified_user"].is_boolean());
    assert_eq!(api.code(&format!("/{}?fields=gender", api.chat(FB, "Ada Park").person)).await, (100, None));
}

#[tokio::test]
async fn each_flag_has_its_own_refusal() {
    let api = Api::start(WorldKind::Small).await;
    let none = PersonFlags::default();
    let ada = api.chat(FB, "Ada Park");
    let path = format!("/{}?fields={FB_FIELDS}", ada.person);
    for (flags, numbers) in [
        (PersonFlags { profile_denied: true, ..none }, (100, Some(33))),
        (PersonFlags { no_consent: true, ..none }, (230, None)),
        (PersonFlags { phone_account: true, ..none }, (2_018_218, None)),
    ] {
        api.graph().set_flags(&ada, flags).unwrap();
        assert_eq!(api.code(&path).await, numbers, "{flags:?}");
    }
    let who = api.get(&format!("/me/conversations?user_id={}&fields=participants", ada.person)).await;
    assert_eq!(who["data"][0]["participants"]["data"][0]["name"], "Ada Park", "the name is still in the conversation");
    api.graph().set_flags(&ada, PersonFlags { no_picture: true, ..none }).unwrap();
    assert!(api.get(&path).await.get("profile_pic").is_none());
}

#[tokio::test]
async fn who_has_never_written_gave_no_consent() {
    let api = Api::start(WorldKind::Small).await;
    for (platform, numbers) in [(IG, (230, None)), (FB, (100, Some(33)))] {
        let chat = api.sim.add_person(P, platform, "Quiet One").unwrap();
        api.graph().typed_in_inbox(&chat, "Hello, you won").unwrap();
        assert_eq!(api.code(&format!("/{}", chat.person)).await, numbers);
        api.graph().receive(&chat, "Did I?").unwrap();
        api.get(&format!("/{}", chat.person)).await;
    }
}

#[tokio::test]
async fn names_change_and_may_be_missing() {
    let api = Api::start(WorldKind::Small).await;
    let noor = api.chat(IG, "Noor Vale");
    api.graph().rename(&noor, None, Some("noor.new")).unwrap();
    let seen = api.get(&format!("/{}?fields={IG_FIELDS}", noor.person)).await;
    assert_eq!((seen.get("name"), &seen["username"]), (None, &json!("noor.new")));
    let ada = api.chat(FB, "Ada Park");
    api.graph().rename(&ada, None, None).unwrap();
    let who = api.get(&format!("/me/conversations?user_id={}&fields=participants{{id,name}}", ada.person)).await;
    assert_eq!(who["data"][0]["participants"]["data"][0], json!({ "id": ada.person }));
}
