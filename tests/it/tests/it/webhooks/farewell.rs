//! Disconnecting: the address goes from the provider as well, where it lets it, and nothing here waits for that.

use backscroll_simulator::{Fault, Hold, ProfileId};

use super::*;
use crate::world::comes_true;

/// Disconnects all accounts; what the last of them leaves behind.
async fn leave(hooked: &Hooked) -> AddressLeft {
    let mut left = AddressLeft::No;
    for account in hooked.inbox().accounts().await.unwrap().iter().filter(|a| a.connection.is_some()) {
        assert_eq!(left, AddressLeft::No, "while another account uses it, it is no loss");
        left = hooked.inbox().disconnect(account.id).await.unwrap();
    }
    assert_eq!(hooked.inbox().connections().await.unwrap(), []);
    left
}

#[tokio::test]
async fn with_the_last_account_the_address_goes_from_the_provider() {
    let graph = Hooked::at_graph(WorldKind::Small).await;
    let messenger = graph.account(Platform::Messenger).await.id;
    assert_eq!(graph.inbox().disconnect(messenger).await.unwrap(), AddressLeft::No);
    let held = graph.inbox().registered_webhooks(graph.connection).await.unwrap();
    assert_eq!(held.len(), 3, "the other account is still told: {held:?}");
    assert_eq!(leave(&graph).await, AddressLeft::No);
    let shop = graph.shop;
    let again = shop.inbox().connect_meta(Some(shop.graph().api_base()), with_app_secret(&shop), None);
    let connection = shop.driven(again).await.unwrap()[0].connection.unwrap();
    shop.settle().await;
    assert_eq!(shop.inbox().registered_webhooks(connection).await.unwrap(), []);

    let ayrshare = Hooked::at_ayrshare().await;
    assert_eq!(leave(&ayrshare).await, AddressLeft::No);
    assert!(ayrshare.calls("DELETE", "/hook/webhook") > 0);
}

#[tokio::test]
async fn also_while_the_receiver_is_off() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let settings = hooked.page().await.settings;
    hooked.inbox().set_webhooks(WebhookSettings { on: false, ..settings }).await.unwrap();
    hooked.settle().await;
    hooked.sim.clear_requests();
    assert_eq!(leave(&hooked).await, AddressLeft::No);
    let deleted = hooked.sim.requests().into_iter().filter(|r| r.method == "DELETE").count();
    assert_eq!(deleted, 3, "the Page's subscription, and both addresses of the app");
}

#[tokio::test]
async fn whoever_never_listened_asks_nobody() {
    let shop = Shop::read(WorldKind::Small).await;
    shop.sim.clear_requests();
    for account in shop.inbox().accounts().await.unwrap() {
        assert_eq!(shop.inbox().disconnect(account.id).await.unwrap(), AddressLeft::No);
    }
    assert_eq!(shop.sim.requests().len(), 0);
}

#[tokio::test]
async fn what_only_the_dashboard_can_change_is_said_to_be_left() {
    let shop = Shop::new(WorldKind::Small).await;
    shop.connect().await;
    shop.sync().await;
    let hooked = Hooked::running(shop).await;
    assert_eq!(hooked.register().await, WebhookRegistration::InDashboard);
    assert_eq!(leave(&hooked).await, AddressLeft::Yes);
}

#[tokio::test]
async fn somebody_elses_address_is_none_of_ours_to_leave() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    hooked.graph().subscribe_all(ProfileId::PRIMARY, "https://crm.example.test/meta");
    hooked.sim.clear_requests();
    assert_eq!(leave(&hooked).await, AddressLeft::No);
    assert!(hooked.sim.requests().iter().all(|r| r.method != "DELETE"));
}

#[tokio::test]
async fn a_provider_that_does_not_answer_holds_nobody_up() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let instagram = hooked.account(Platform::Instagram).await.id;
    let messenger = hooked.account(Platform::Messenger).await.id;
    hooked.inbox().disconnect(messenger).await.unwrap();
    let hold = Hold::new();
    hooked.graph().on("GET", "").always().fail(Fault::Hold(hold.clone()));
    hooked.sim.clear_requests();
    let meanwhile = async {
        // It is gone here before the provider is asked.
        comes_true("the provider is asked", async || !hooked.sim.requests().is_empty()).await;
        assert_eq!(hooked.account(Platform::Instagram).await.health, Health::Disconnected);
        assert_eq!(hooked.inbox().connections().await.unwrap(), []);
        hooked.advance(11).await;
    };
    let (left, ()) = tokio::join!(hooked.inbox().disconnect(instagram), meanwhile);
    assert_eq!(left.unwrap(), AddressLeft::Unknown);
    hold.open();
}
