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

/// Two by two pixels of one colour, each number another one.
pub fn picture(number: u32) -> Vec<u8> {
    let [_, red, green, blue] = number.to_be_bytes();
    let head = &b"GIF89a\x02\x00\x02\x00\x80\x00\x00"[..];
    let tail = &b"\x2c\x00\x00\x00\x00\x02\x00\x02\x00\x00\x02\x02\x84\x51\x00\x3b"[..];
    [head, &[red, green, blue, 0, 0, 0], tail].concat()
}

/// An eighth of a second of near silence, each number another one.
pub fn sound(number: u32) -> Vec<u8> {
    let (rate, bytes) = (8_000_u32, 1_000_u32);
    let mut wav = Vec::from(*b"RIFF");
    wav.extend((bytes + 36).to_le_bytes());
    wav.extend(*b"WAVEfmt ");
    for (size, value) in [(4, 16), (2, 1), (2, 1), (4, rate), (4, rate), (2, 1), (2, 8)] {
        wav.extend(&value.to_le_bytes()[..size]);
    }
    wav.extend(*b"data");
    wav.extend(bytes.to_le_bytes());
    wav.extend(number.to_le_bytes());
    wav.resize(44 + bytes as usize, 128);
    wav
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
