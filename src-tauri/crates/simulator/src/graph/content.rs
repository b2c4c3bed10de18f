//! One of every kind of message that people can send, with real bytes behind it.

use crate::acts::Inbound;
use crate::graph::assets;
use crate::graph::state::{Detail, kind};
use crate::ids;
use crate::world::pictures::{Picture, Scene};
use crate::world::{Attachment, FileRef, World};

/// What a person's message carries beside text. See [`crate::Graph::receive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// A photo.
    Image,
    /// A film of three seconds.
    Video,
    /// A voice message.
    Audio,
    /// A PDF.
    File,
    /// A sticker.
    Sticker,
    /// A link with title and description.
    Link,
    /// A shared Facebook post.
    Post,
    /// A shared Facebook reel.
    Reel,
    /// A shared Instagram post.
    IgPost,
    /// A shared Instagram reel.
    IgReel,
    /// An answer to a story of the business (Instagram).
    StoryReply,
    /// The business is mentioned in the person's story (Instagram).
    StoryMention,
    /// A product of the shop.
    Product,
    /// A card with a button.
    Template,
    /// A photo that can be seen once: Graph only says that it is not supported (Instagram).
    ViewOnce,
    /// A kind that did not exist when the reference was written.
    Unheard,
}

impl Content {
    /// All of them, those that both platforms have first.
    pub const ALL: [Self; 16] = [
        Self::Image,
        Self::Video,
        Self::Audio,
        Self::File,
        Self::Sticker,
        Self::Link,
        Self::Post,
        Self::Reel,
        Self::IgPost,
        Self::IgReel,
        Self::Product,
        Self::Template,
        Self::Unheard,
        Self::StoryReply,
        Self::StoryMention,
        Self::ViewOnce,
    ];

    /// The attachment; `label` decides the picture and the ids.
    pub(crate) fn attachment(self, world: &mut World, label: &str) -> Attachment {
        let some = |text: &str| Some(text.to_owned());
        let seed = world.seed;
        let id = || Some(ids::user(seed, crate::Platform::Facebook, &format!("object/{label}")));
        let empty = Detail::default();
        let (word, scene, detail) = match self {
            Self::Image => (kind::IMAGE, Scene::Loaf, empty),
            Self::Video => return Attachment::new(kind::VIDEO, FileRef::Own(assets::FILM.to_owned())),
            Self::Audio => return Attachment::new(kind::AUDIO, FileRef::Own(assets::VOICE.to_owned())),
            Self::File => return Attachment::new(kind::FILE, FileRef::Own(assets::PAPER.to_owned())),
            Self::Sticker => (kind::STICKER, Scene::Cake, Detail { id: some("369239263222822"), ..empty }),
            Self::Link => {
                let detail = Detail {
                    title: some("How rye flour is milled"),
                    subtitle: some("Stone, water, patience."),
                    link: some("https://example.org/rye/milling"),
                    ..empty
                };
                (kind::SHARE, Scene::Wheel, detail)
            }
            Self::Post => ("post", Scene::Loaf, Detail { id: id(), title: some("Rye day"), ..empty }),
            Self::Reel => ("reel", Scene::Harbour, Detail { id: id(), title: some("From oven to boat"), ..empty }),
            Self::IgPost => ("ig_post", Scene::Cake, Detail { id: id(), title: some("Birthday week"), ..empty }),
            Self::IgReel => ("ig_reel", Scene::Boat, Detail { id: id(), title: some("Morning shift"), ..empty }),
            Self::Product => {
                let detail = Detail { id: id(), name: some("Rye loaf, 800 g"), price: some("€5.20"), ..empty };
                (kind::PRODUCT, Scene::Loaf, detail)
            }
            Self::Template => {
                let detail = Detail {
                    title: some("Your table is booked"),
                    subtitle: some("Saturday, 8:00, six people"),
                    link: some("https://example.org/bookings/2041"),
                    button: some("Change booking"),
                    ..empty
                };
                (kind::TEMPLATE, Scene::Map, detail)
            }
            Self::StoryReply => (kind::STORY_REPLY, Scene::Loaf, Detail { id: id(), ..empty }),
            Self::StoryMention => (kind::STORY_MENTION, Scene::Harbour, Detail { id: id(), ..empty }),
            Self::ViewOnce => (kind::EPHEMERAL, Scene::Boat, empty),
            Self::Unheard => ("hologram", Scene::Map, Detail { name: some("table.holo"), ..empty }),
        };
        let extension = if matches!(self, Self::Sticker) { "png" } else { "jpg" };
        let name = format!("{}.{extension}", ids::hex(seed, &format!("content/{label}"), 8));
        world.pictures.insert(name.clone(), Picture::new(scene, seed, &name));
        Attachment { kind: word.to_owned(), file: FileRef::Own(name), detail }
    }
}

/// Fills an [`Inbound`] with content.
pub(crate) fn fill(world: &mut World, label: &str, mut message: Inbound) -> Inbound {
    for (place, content) in std::mem::take(&mut message.content).into_iter().enumerate() {
        message.rich.push(content.attachment(world, &format!("{label}/{place}")));
    }
    message
}
