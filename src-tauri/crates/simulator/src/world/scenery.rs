//! The businesses of the world. All invented; what their customers say is in `dialogues/`.

/// A shop that people write to.
pub(crate) struct Business {
    pub name: &'static str,
    pub username: &'static str,
    /// Its conversations, in the notation of [`super::dialogue`].
    pub dialogues: &'static str,
}

/// The Primary Profile: bread, cakes and a counter on a corner.
pub(crate) const CORNER_BAKERY: Business = Business {
    name: "Corner Bakery",
    username: "corner.bakery",
    dialogues: include_str!("dialogues/corner_bakery.txt"),
};

/// A harbour café that rents out rowing boats.
pub(crate) const NORTH_PIER: Business =
    Business { name: "North Pier", username: "north.pier", dialogues: include_str!("dialogues/north_pier.txt") };

/// A bicycle workshop.
pub(crate) const SPOKE_STREET: Business = Business {
    name: "Spoke Street Cycles",
    username: "spoke.street",
    dialogues: include_str!("dialogues/spoke_street.txt"),
};

/// Linked networks without messages (reference 8.1): a client must step over them.
pub(crate) const OTHER_NETWORKS: &[&str] =
    &["bluesky", "gmb", "linkedin", "pinterest", "reddit", "snapchat", "telegram", "threads", "tiktok", "youtube"];

/// What a standing-order customer and the shop say to each other week after week; `{n}`, `{day}` and `{item}` are filled in.
/// Used for threads too long to be written by hand.
pub(crate) const STANDING_ORDERS: &[&[&str]] = &[
    &["< {n} {item} for {day} please", "> {n} {item} for {day}, noted.", "< thanks 🙏"],
    &["< Can we go up to {n} on {day}? Big group coming in", "> We can. {n} {item}, ready at 6:30."],
    &["> Your order is packed. Door on the left, the code has not changed.", "< got it, on my way"],
    &["< The {item} were wonderful again", "> Glad to hear it!", "< see you {day}"],
    &["< Do you have {item} left today?", "> {n} left. Shall I put them aside?", "< yes please, all of them"],
    &[
        "> We are closed on {day} for the holiday. Shall I move your {item} to the day before?",
        "< Good thinking, yes",
        "> Moved.",
    ],
    &["< invoice for last week arrived without the VAT number", "> Sorry. Sent again just now.", "< perfect"],
    &["< running 15 min late", "> No hurry, it is all on the shelf."],
    &[
        "< {n} {item}, but no nuts this time. New colleague with an allergy",
        "> Of course. I will mark the box.",
        "< ❤️",
    ],
    &["< One of the {item} was a bit burnt underneath", "> I am sorry about that. There will be two extra on {day}."],
    &["> New flour this month, tell me what you think of the {item}.", "< Crust is better. Keep it", "> 👍"],
    &["< same as last {day}", "> {n} {item}. Done."],
];

/// Fillers for [`STANDING_ORDERS`].
pub(crate) const ITEMS: &[&str] = &[
    "croissants",
    "rye loaves",
    "sourdough",
    "cinnamon buns",
    "baguettes",
    "seeded rolls",
    "almond slices",
    "brioche",
];
/// Fillers for [`STANDING_ORDERS`].
pub(crate) const DAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
