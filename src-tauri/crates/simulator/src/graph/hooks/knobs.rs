//! What can be strange about Meta's webhooks, each on its own (reference 7.3–7.6).

use crate::graph::hooks::wire::Signing;

/// How webhooks behave from now on. Change it with [`crate::Graph::set_hook_knobs`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct GraphHookKnobs {
    /// Nothing leaves until [`crate::Graph::release_webhooks`].
    pub hold: bool,
    /// Each delivery waits for the next one and follows it.
    pub out_of_order: bool,
    /// Every delivery leaves twice, byte for byte.
    pub twice: bool,
    /// How deliveries are signed.
    pub signing: Signing,
    /// `timestamp` and `time` in seconds.
    pub seconds: bool,
    /// How late `messages` leaves, milliseconds: an edit or a reaction may overtake its message.
    pub message_lag_ms: i64,
    /// `app_id` of what is typed in Meta's own inbox.
    pub inbox_app_id: u64,
    /// `num_edit` is a string.
    pub num_edit_text: bool,
    /// `delivery.mids` is there.
    pub delivery_mids: bool,
    /// A sticker comes as an `image` with `sticker_id`, as until August 2026.
    pub sticker_as_image: bool,
    /// Instagram tells of a reaction that was taken back (one live account never heard of it).
    pub instagram_unreact: bool,
    /// How long a receiver has to answer, milliseconds of the machine's time.
    pub patience_ms: u64,
}

impl Default for GraphHookKnobs {
    fn default() -> Self {
        Self {
            hold: false,
            out_of_order: false,
            twice: false,
            signing: Signing::Right,
            seconds: false,
            message_lag_ms: 0,
            inbox_app_id: 263_902_037_430_900,
            num_edit_text: false,
            delivery_mids: true,
            sticker_as_image: false,
            instagram_unreact: true,
            patience_ms: 5_000,
        }
    }
}
