//! The HTTP server: which paths exist, and how it starts.
//!
//! Every request passes [`gate`] first, whatever its path; the handlers below it only know requests that are admitted.

pub(crate) mod answer;
pub(crate) mod auto_response;
#[cfg(all(feature = "control", debug_assertions))]
pub(crate) mod control;
pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod hooks;
pub(crate) mod messages;
pub(crate) mod profiles;
pub(crate) mod send;
pub(crate) mod spoil;
pub(crate) mod user;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{any, get, patch, post, put};

use crate::graph;
use crate::net::{Door, Peer};
use crate::state::Core;

/// Serves until the core is stopped.
pub(crate) async fn serve(core: Arc<Core>) {
    let app = router(Arc::clone(&core)).into_make_service_with_connect_info::<Peer>();
    let door = Door(Arc::clone(&core.net));
    tokio::select! {
        () = core.stop.cancelled() => {}
        ended = async { axum::serve(door, app).await } => {
            if let Err(error) = ended {
                tracing::warn!(%error, "the simulator's server ended");
            }
        }
    }
}

fn router(core: Arc<Core>) -> Router {
    let api = Router::new()
        .route("/messages/autoresponse", get(auto_response::read).post(auto_response::set))
        .route("/messages/{platform}", get(messages::list).post(send::send))
        .route("/messages/{platform}/{conversation}", put(messages::shelve))
        .route("/hook/webhook", get(hooks::list).post(hooks::register).delete(hooks::unregister))
        .route("/hook/webhook/secret", post(hooks::rotate))
        .route("/hook", get(hooks::list).post(hooks::register).delete(hooks::unregister))
        .route("/media/upload", post(files::upload))
        .route("/upload", post(files::upload))
        .route("/media/uploadUrl", get(files::upload_url))
        .route("/media/urlExists", post(files::url_exists))
        .route("/user", get(user::user))
        .route(
            "/profiles",
            get(profiles::list)
                .post(profiles::create)
                .patch(profiles::update)
                .put(profiles::update)
                .delete(profiles::delete),
        )
        // The oldest SDKs still use these (reference 8.2).
        .route(
            "/profiles/profile",
            get(profiles::list).post(profiles::create).put(profiles::update).delete(profiles::delete),
        )
        .route("/profiles/create-profile", post(profiles::create))
        .route("/profiles/update-profile", patch(profiles::update))
        .route("/files/{name}", get(files::file))
        .route("/upload/{token}", put(files::put_upload));
    let mut app = Router::new()
        .nest("/api", api)
        .route("/graph", any(graph::serve::serve))
        .route("/graph/", any(graph::serve::serve))
        .route("/graph/{*rest}", any(graph::serve::serve))
        .route("/cdn/{asset}", get(graph::files::cdn));
    #[cfg(all(feature = "control", debug_assertions))]
    {
        app = app.nest("/__control/graph", graph::remote::router()).nest("/__control", control::router());
    }
    app = app.method_not_allowed_fallback(wrong_method).fallback(unknown_path);
    app.layer(from_fn_with_state(Arc::clone(&core), gate::gate))
        // The API's own limits are checked where they are documented, with their own error.
        .layer(DefaultBodyLimit::disable())
        .with_state(core)
}

async fn unknown_path() -> Response {
    answer::flat(404, 404, "request", "Endpoint not found.")
}

async fn wrong_method() -> Response {
    answer::flat(405, 405, "request", "Method not allowed.")
}
