//! Looking again with the kept token: *Check now*.

use backscroll_model::*;
use backscroll_simulator::WorldKind;

use super::shop::{PAGE, Shop};

async fn look(shop: &Shop) -> KeyCheck {
    let connection = shop.inbox().connections().await.unwrap()[0].id;
    shop.driven(shop.inbox().reconnect_meta(connection, None, None)).await.unwrap()
}

#[tokio::test]
async fn with_nothing_new_given_it_looks_with_the_kept_token_and_reading_goes_on() {
    let shop = Shop::read(WorldKind::Small).await;
    let kept = std::fs::read_to_string(shop.data().join("secrets.json")).unwrap();
    let before: Vec<AccountId> = shop.inbox().accounts().await.unwrap().iter().map(|a| a.id).collect();
    let check = look(&shop).await;
    assert!(check.profile.platforms.iter().all(|p| p.state == PlatformState::Ready), "{check:?}");
    assert_eq!(std::fs::read_to_string(shop.data().join("secrets.json")).unwrap(), kept);
    assert_eq!(shop.inbox().accounts().await.unwrap().iter().map(|a| a.id).collect::<Vec<_>>(), before);
    shop.sync_later().await;
}

#[tokio::test]
async fn what_the_user_has_disconnected_stays_so_until_it_is_connected_again() {
    let shop = Shop::read(WorldKind::Small).await;
    let instagram = shop.account(Platform::Instagram).await.id;
    shop.inbox().disconnect(instagram).await.unwrap();
    look(&shop).await;
    assert_eq!(shop.account(Platform::Instagram).await.connection, None);
    assert!(shop.account(Platform::Messenger).await.connection.is_some());
    shop.driven(shop.connect()).await;
    assert!(shop.account(Platform::Instagram).await.connection.is_some());
}

#[tokio::test]
async fn a_platform_that_has_become_ready_is_taken_up() {
    let shop = Shop::new(WorldKind::Small).await;
    shop.graph().link_instagram(PAGE, false).unwrap();
    assert_eq!(shop.connect().await.len(), 1);
    shop.graph().link_instagram(PAGE, true).unwrap();
    look(&shop).await;
    assert!(shop.account(Platform::Instagram).await.connection.is_some());
}
