//! `/cdn`: addresses that die (reference 10, 12), and hosts that misbehave.

use backscroll_simulator::{Content, Fault, Inbound, WorldKind};

use crate::{Api, FB, encode};

async fn photo(api: &Api) -> (backscroll_simulator::Chat, String, String) {
    let ada = api.chat(FB, "Ada Park");
    let id = api.graph().receive(&ada, Inbound::content(Content::Image)).unwrap();
    let url = address(api, &id).await;
    (ada, id, url)
}

async fn address(api: &Api, id: &str) -> String {
    let message = api.get(&format!("/{}?fields=attachments", encode(id))).await;
    message["attachments"]["data"][0]["image_data"]["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_address_names_its_hour_of_death_and_a_new_read_gives_a_new_one() {
    let api = Api::start(WorldKind::Small).await;
    let (_, id, url) = photo(&api).await;
    assert_eq!(address(&api, &id).await, url, "two reads in a row tell the same address");
    let oe = url.split("oe=").nth(1).unwrap().split('&').next().unwrap();
    let until = i64::from_str_radix(oe, 16).unwrap();
    let now = api.sim.clock().now_ms() / 1_000;
    assert!((50 * 3_600..110 * 3_600).contains(&(until - now)), "{}", until - now);
    assert_eq!(api.http.get(&url).send().await.unwrap().status(), 200);
    api.pass(u64::try_from(until - now).unwrap()).await;
    assert_eq!(api.http.get(&url).send().await.unwrap().status(), 403);
    let fresh = address(&api, &id).await;
    assert_ne!(fresh, url);
    assert_eq!(api.http.get(&fresh).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_signature_cannot_be_made_up_and_an_unsent_file_is_gone() {
    let api = Api::start(WorldKind::Small).await;
    let (ada, id, url) = photo(&api).await;
    let oe = url.split("oe=").nth(1).unwrap().split('&').next().unwrap();
    let forged = url.replace(oe, "7FFFFFFF");
    assert_eq!(api.http.get(forged).send().await.unwrap().status(), 403);
    api.sim.unsend(&ada, &id).unwrap();
    assert_eq!(api.http.get(&url).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn files_need_no_token_and_count_on_no_meter() {
    let api = Api::start(WorldKind::Small).await;
    let (_, _, url) = photo(&api).await;
    api.graph().clear_calls();
    let answer = api.http.get(&url).send().await.unwrap();
    assert!(!answer.headers().contains_key("x-business-use-case-usage"));
    assert!(api.graph().calls().is_empty());
    assert!(image(&answer.bytes().await.unwrap()));
}

fn image(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8])
}

#[tokio::test]
async fn a_host_may_send_the_wrong_thing_elsewhere_endlessly_or_a_bomb() {
    let api = Api::start(WorldKind::Small).await;
    let (_, _, url) = photo(&api).await;
    let get = async || api.http.get(&url).send().await.unwrap();
    let html = b"<html>".as_slice().into();
    api.graph().on_file(".jpg").fail(Fault::Bytes {
        http: 200,
        content_type: "text/html",
        encoding: None,
        bytes: html,
    });
    assert_eq!(get().await.headers()["content-type"], "text/html");
    api.graph().on_file("").fail(Fault::Redirect { http: 302, to: "http://10.0.0.1/x.jpg".to_owned() });
    let away = get().await;
    assert_eq!((away.status().as_u16(), &away.headers()["location"]), (302, &"http://10.0.0.1/x.jpg".parse().unwrap()));
    api.graph().on_file("").fail(Fault::gzip_bomb(8));
    let bomb = get().await;
    assert_eq!(bomb.headers()["content-encoding"], "gzip");
    assert!(bomb.content_length().unwrap() < 100_000);
    api.graph().on_file("").fail(Fault::Endless { content_type: "image/jpeg" });
    let mut endless = get().await;
    let mut bytes = 0;
    while bytes < 1_000_000 {
        bytes += endless.chunk().await.unwrap().unwrap().len();
    }
    assert!(image(&get().await.bytes().await.unwrap()), "and then it is well again");
}
