//! One call of the Graph API, whatever way it came: query, form, JSON, multipart, or an item of a batch.

use std::collections::{BTreeMap, BTreeSet};

use crate::blob::Blob;
use crate::graph::error::GraphError;
use crate::graph::state::TokenKind;
use crate::world::ProfileId;

/// A file of a multipart body.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub name: String,
    pub file_name: String,
    /// As the part says, empty when it says nothing.
    pub content_type: String,
    pub blob: Blob,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// After a `method` parameter of a POST was obeyed.
    pub method: String,
    /// `v25.0`; the version that answers.
    pub version: String,
    /// Path segments after the version, percent-decoded.
    pub path: Vec<String>,
    /// Query and body together; the body wins. Objects of a JSON body are JSON texts, as in a form.
    pub params: BTreeMap<String, String>,
    pub files: Vec<Part>,
    /// The number of the HTTP request, for [`crate::Origin::Request`].
    pub request: u64,
}

impl Call {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// A parameter that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, GraphError> {
        let missing = || GraphError::parameter(&format!("The parameter {name} is required"));
        self.param(name).filter(|v| !v.is_empty()).ok_or_else(missing)
    }
}

/// Who asks: a token that works.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub token: String,
    pub kind: TokenKind,
    pub scopes: BTreeSet<String>,
}

impl Caller {
    /// The Page, when it is a Page token.
    pub(crate) fn page(&self) -> Option<ProfileId> {
        match self.kind {
            TokenKind::Page(profile) => Some(profile),
            TokenKind::User | TokenKind::App => None,
        }
    }

    pub(crate) fn must_be_page(&self) -> Result<ProfileId, GraphError> {
        self.page().ok_or_else(|| GraphError::new(190, "(#190) This method must be called with a Page Access Token"))
    }

    pub(crate) fn must_have(&self, scope: &str) -> Result<(), GraphError> {
        if self.scopes.contains(scope) {
            return Ok(());
        }
        Err(GraphError::new(200, format!("(#200) Requires {scope} permission to manage the object")))
    }
}
