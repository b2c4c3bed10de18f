//! Pictures: fetched once, decoded elsewhere, served by a path that cannot leave the cache.

use backscroll_model::*;
use backscroll_simulator::{Inbound, WorldKind};

use crate::world::{Sim, World};

/// The decoding child of the media crate, if it has been built beside the tests.
pub fn decoder() -> Option<std::path::PathBuf> {
    let exe = std::env::current_exe().ok()?;
    let child = exe.parent()?.parent()?.join("backscroll-media-child");
    child.exists().then_some(child)
}

#[tokio::test]
async fn a_picture_is_fetched_decoded_and_served_from_the_cache() {
    let Some(decoder) = decoder() else {
        eprintln!("skipped: the decoding child is not built");
        return;
    };
    let mut world = World::new(WorldKind::Demo).await;
    world.decoder = decoder;
    world.open().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.advance(5).await;
    let mut ready = 0;
    for row in world.conversations().await {
        if let Some(path) = &row.avatar {
            assert!(world.inbox().media(path.clone()).await.unwrap().is_some());
        }
        for message in world.thread(row.id).await {
            for attachment in &message.attachments {
                if let MediaState::Ready { path } = &attachment.file {
                    let (bytes, mime) = world.inbox().media(path.clone()).await.unwrap().unwrap();
                    assert!(!bytes.is_empty() && mime.starts_with("image/"));
                    assert!(attachment.width.is_some());
                    ready += 1;
                }
            }
        }
    }
    assert!(ready > 0, "the demo has pictures");
    assert_eq!(world.inbox().media("a/../secrets.json".to_owned()).await.unwrap(), None);
}

#[tokio::test]
async fn an_address_that_is_not_fetched_from_is_told_and_stops_nothing() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.inbound(&chat, Inbound::attachment("image", "http://192.168.1.1/router.png")).unwrap();
    world.advance(150).await;
    let row = world.conversation(&chat).await;
    let last = world.thread(row.id).await.pop().unwrap();
    assert_eq!(last.attachments[0].file, MediaState::Failed { reason: MediaFailure::Refused });
}
