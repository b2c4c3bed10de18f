//! Graph's one error shape, and the sentences that go with its numbers (reference 1.5, 5.5, 6.5, 9).
//!
//! HTTP statuses are choices wherever section 9.1 calls them unconfirmed: 500 for codes 1 and 2, 403 for the permission
//! family, 400 for all else. A client must decide by the numbers.

use serde_json::{Map, Value, json};

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    /// HTTP status.
    pub http: u16,
    /// `code`.
    pub code: u32,
    /// `error_subcode`, left out when absent.
    pub subcode: Option<u32>,
    /// `type`.
    pub kind: &'static str,
    /// `message`, in English unless [`super::state::GraphKnobs::foreign_errors`] is on.
    pub message: String,
    /// `is_transient`, left out when false.
    pub transient: bool,
    /// `error_user_title` and `error_user_msg`.
    pub user: Option<(String, String)>,
}

impl GraphError {
    /// An `OAuthException` with a sentence of one's own.
    #[must_use]
    pub fn new(code: u32, message: impl Into<String>) -> Self {
        let http = match code {
            1 | 2 => 500,
            10 | 200..=299 => 403,
            _ => 400,
        };
        let transient = matches!(code, 2);
        Self { http, code, subcode: None, kind: "OAuthException", message: message.into(), transient, user: None }
    }

    /// The error of this code with Meta's sentence for it, for every row of section 9.2.
    #[must_use]
    pub fn of(code: u32, subcode: Option<u32>) -> Self {
        let mut error = Self::new(code, sentence(code, subcode));
        error.subcode = subcode;
        if (code, subcode) == (10, Some(2_018_278)) {
            // The one status of this family with public evidence.
            error.http = 400;
        }
        error
    }

    /// With a subcode.
    #[must_use]
    pub fn subcode(mut self, subcode: u32) -> Self {
        self.subcode = Some(subcode);
        self
    }

    /// With another HTTP status.
    #[must_use]
    pub fn http(mut self, http: u16) -> Self {
        self.http = http;
        self
    }

    /// With another `type`.
    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// 100/33: the object does not exist, or not for this token.
    pub(crate) fn no_object(id: &str) -> Self {
        Self::new(
            100,
            format!(
                "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
                 permissions, or does not support this operation. Please read the Graph API documentation at \
                 https://developers.facebook.com/docs/graph-api"
            ),
        )
        .subcode(33)
        .kind("GraphMethodException")
    }

    /// 2500: no such path.
    pub(crate) fn no_path(path: &str) -> Self {
        Self::new(2500, format!("Unknown path components: /{path}"))
    }

    /// 100: a parameter is wrong.
    pub(crate) fn parameter(text: &str) -> Self {
        Self::new(100, format!("(#100) {text}"))
    }

    /// The body without its trace id.
    pub(crate) fn body(&self, foreign: bool, trace: &str) -> Value {
        let mut error = Map::new();
        let message = if foreign { foreign_sentence(self.code) } else { self.message.clone() };
        error.insert("message".to_owned(), json!(message));
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("code".to_owned(), json!(self.code));
        if let Some(subcode) = self.subcode {
            error.insert("error_subcode".to_owned(), json!(subcode));
        }
        if self.transient {
            error.insert("is_transient".to_owned(), json!(true));
        }
        if let Some((title, text)) = &self.user {
            error.insert("error_user_title".to_owned(), json!(title));
            error.insert("error_user_msg".to_owned(), json!(text));
        }
        error.insert("fbtrace_id".to_owned(), json!(trace));
        json!({ "error": error })
    }
}

/// The same numbers in other words: a client must not read them.
fn foreign_sentence(code: u32) -> String {
    format!("(#{code}) 请求无法完成。")
}

fn sentence(code: u32, subcode: Option<u32>) -> String {
    let text = match (code, subcode) {
        (1, Some(99)) => "An unknown error occurred",
        (1, Some(1_357_046)) => "Received Invalid JSON reply",
        (1, _) => "Please reduce the amount of data you're asking for, then retry your request",
        (2, Some(2_018_344)) => "Page has not accepted the label terms",
        (2, _) => "An unexpected error has occurred. Please retry your request later.",
        (3, _) => "(#3) Application does not have the capability to make this API call.",
        (4, _) => "(#4) Application request limit reached",
        (9, _) => "(#9) Too many opt-in requests for this user",
        (10, Some(2_018_278 | 2_534_022 | 2_018_065)) => {
            "(#10) This message is sent outside of allowed window. Learn more about the new policy here: \
             https://developers.facebook.com/docs/messenger-platform/policy-overview"
        }
        (10, Some(2_018_108)) => "(#10) This Person Cannot Receive Messages",
        (10, Some(1_893_063 | 1_404_170)) => "(#10) This Page is temporarily restricted from sending messages",
        (10, Some(2_534_077)) => "(#10) The link to this Instagram account cannot be verified",
        (10, _) => "(#10) Application does not have permission for this action",
        (17, _) => "(#17) User request limit reached",
        (32, _) => "(#32) Page request limit reached",
        (100, Some(33)) => {
            "Unsupported get request. Object does not exist, cannot be loaded due to missing permissions, or does not \
             support this operation."
        }
        (100, Some(2_018_001 | 2_534_014)) => "(#100) No matching user found",
        (100, Some(2_018_008)) => "(#100) Failed to fetch the file from the url",
        (100, Some(2_018_014)) => "(#100) Message and sender_action cannot be sent together",
        (100, Some(2_018_034)) => "(#100) Message cannot be empty, must provide valid attachment or text",
        (100, Some(2_018_047)) => "(#100) Upload attachment failure. The type of the file does not match",
        (100, Some(2_018_074)) => "(#100) Cannot find the attachment that is specified by attachment_id",
        (100, Some(2_018_109)) => "(#100) Attachment size exceeds allowable limit",
        (100, Some(2_018_164)) => "(#100) Wrong app id",
        (100, Some(2_018_294)) => "(#100) The video could not be processed",
        (100, Some(2_534_013)) => "(#100) The Page is not linked to an Instagram account",
        (100, Some(2_534_015)) => "(#100) The attachment is not valid",
        (100, Some(2_534_025)) => "(#100) The private reply is not valid",
        (100, Some(2_534_029)) => "(#100) The business is blocked from messaging",
        (100, Some(2_534_037)) => "(#100) Another app controls this thread",
        (100, Some(2_534_080)) => "(#100) The file format is not supported",
        (100, _) => "(#100) Invalid parameter",
        (102, _) => "Session key invalid or no longer valid",
        (104, _) => "An access token is required to request this resource.",
        (190, Some(458)) => "Error validating access token: The user has not authorized application 550011223344556.",
        (190, Some(459)) => {
            "Error validating access token: You cannot access the app till you log in to www.facebook.com and follow \
             the instructions given."
        }
        (190, Some(460)) => {
            "Error validating access token: The session has been invalidated because the user changed their password \
             or Facebook has changed the session for security reasons."
        }
        (190, Some(463)) => "Error validating access token: Session has expired.",
        (190, Some(464)) => {
            "Error validating access token: Sessions for the user are not allowed because the user is not a confirmed user."
        }
        (190, Some(467)) => "Error validating access token: The session is invalid because the user logged out.",
        (190, Some(492)) => {
            "Error validating access token: The user must be an administrator, editor, or moderator of the page in order to impersonate it."
        }
        (190, _) => "Invalid OAuth access token - Cannot parse access token",
        (200, Some(1_545_041)) => "(#551) This person isn't available right now.",
        (200, Some(2_534_041)) => "(#200) The owner of the Instagram account has disabled access to messages",
        (200, Some(2_018_028)) => {
            "(#200) Cannot message users who are not admins, developers or testers of the app until pages_messaging permission is reviewed and the app is live."
        }
        (200, _) => "(#200) Requires pages_messaging permission to manage the object",
        (230, _) => "(#230) User consent is required to access user profile",
        (341, _) => "(#341) Feed action request limit reached",
        (368, _) => "The action attempted has been deemed abusive or is otherwise disallowed",
        (551, _) => "(#551) This person isn't available right now.",
        (613, _) => "(#613) Calls to this api have exceeded the rate limit.",
        (2022, _) => "(#2022) This action is restricted",
        (2500, _) => "Unknown path components: /x",
        (9010, _) => "(#9010) No matching Instagram user",
        (36_000, _) => "The image size is too large.",
        (36_103, _) => "(#36103) This IG account is not eligible for API yet",
        (80_001, _) => {
            "(#80001) There have been too many calls to this Page account. Wait a bit and try again. For more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
        }
        (80_002, _) => {
            "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again. For more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
        }
        (80_006, _) => {
            "(#80006) There have been too many messenger api calls to this Page account. Wait a bit and try again. For more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
        }
        (2_018_218, _) => "(#2018218) There is no profile available for this user.",
        (2_018_247, _) => "(#2018247) Insufficient permission to access user profile.",
        (2_018_300, _) => "(#2018300) Another app is controlling this thread now.",
        (2_018_321, _) => "(#2018321) An automated lead flow is running in this thread.",
        (9_000_001, _) => "This Message has been deleted by the user or the business.",
        _ => return format!("(#{code}) The request could not be completed"),
    };
    text.to_owned()
}
