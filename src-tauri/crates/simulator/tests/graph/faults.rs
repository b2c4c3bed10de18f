//! What goes wrong on demand: every number of section 9, and answers that are no answers.

use backscroll_simulator::{Fault, GraphError, WorldKind};
use serde_json::{Value, json};

use crate::{Api, numbers};

/// The table of section 9.2.
const TABLE: [(u32, Option<u32>); 74] = [
    (1, None),
    (1, Some(99)),
    (1, Some(1_357_046)),
    (2, None),
    (2, Some(2_018_344)),
    (3, None),
    (4, None),
    (17, None),
    (32, None),
    (341, None),
    (9, Some(2_018_352)),
    (10, None),
    (10, Some(2_018_278)),
    (10, Some(2_534_022)),
    (10, Some(2_018_065)),
    (10, Some(2_018_108)),
    (10, Some(1_893_063)),
    (10, Some(1_404_170)),
    (10, Some(1_893_015)),
    (10, Some(2_018_336)),
    (10, Some(2_534_077)),
    (100, None),
    (100, Some(33)),
    (100, Some(2_018_001)),
    (100, Some(2_534_014)),
    (100, Some(2_018_008)),
    (100, Some(2_018_294)),
    (100, Some(2_018_047)),
    (100, Some(2_018_074)),
    (100, Some(2_018_109)),
    (100, Some(2_534_015)),
    (100, Some(2_534_080)),
    (100, Some(2_018_014)),
    (100, Some(2_018_034)),
    (100, Some(2_018_164)),
    (100, Some(2_534_013)),
    (100, Some(2_534_025)),
    (100, Some(2_534_029)),
    (100, Some(2_534_037)),
    (100, Some(2_534_068)),
    (102, None),
    (104, None),
    (190, None),
    (190, Some(458)),
    (190, Some(459)),
    (190, Some(460)),
    (190, Some(463)),
    (190, Some(464)),
    (190, Some(467)),
    (190, Some(492)),
    (200, None),
    (200, Some(1_545_041)),
    (200, Some(2_018_021)),
    (200, Some(2_018_027)),
    (200, Some(2_018_028)),
    (200, Some(2_534_041)),
    (230, None),
    (368, None),
    (551, None),
    (551, Some(1_545_041)),
    (613, None),
    (613, Some(2_534_040)),
    (613, Some(1_996)),
    (613, Some(1_893_016)),
    (613, Some(2_018_338)),
    (2022, None),
    (2500, None),
    (9010, None),
    (36_103, None),
    (80_006, Some(2_446_079)),
    (2_018_218, None),
    (2_018_300, None),
    (2_018_321, None),
    (9_000_001, None),
];

#[tokio::test]
async fn every_number_of_the_table_can_be_asked_for() {
    let api = Api::start(WorldKind::Small).await;
    for (code, subcode) in TABLE {
        api.graph().on("GET", "/conversations").fail(Fault::graph(code, subcode));
        let (status, error) = api.fails("/me/conversations").await;
        assert_eq!(numbers(&error), (code.into(), subcode.map(u64::from)));
        assert_eq!(status, GraphError::of(code, subcode).http);
        assert!(!error["message"].as_str().unwrap().is_empty() && error["type"] == "OAuthException", "{error}");
    }
    api.get("/me/conversations").await;
    assert_eq!(api.sim.faults_waiting(), 0);
}

#[tokio::test]
async fn a_fault_strikes_only_what_it_names_and_as_often_as_told() {
    let api = Api::start(WorldKind::Small).await;
    let error = GraphError::new(2, "Try again").http(503);
    api.graph().on("GET", "/conversations").query("platform=instagram").skip(1).times(2).fail(Fault::Graph(error));
    let statuses = async |path: &str| {
        let mut out = Vec::new();
        for _ in 0..4 {
            out.push(api.call(path).send().await.unwrap().status().as_u16());
        }
        out
    };
    assert_eq!(statuses("/me/conversations").await, [200; 4]);
    assert_eq!(statuses("/me/conversations?platform=instagram").await, [200, 503, 503, 200]);
}

#[tokio::test]
async fn answers_may_be_no_json_half_json_or_nothing() {
    let api = Api::start(WorldKind::Small).await;
    let get = async || api.call("/me/conversations").send().await;
    api.graph().on("GET", "").fail(Fault::Html { http: 502 });
    let html = get().await.unwrap();
    assert_eq!((html.status().as_u16(), html.json::<Value>().await.is_err()), (502, true));
    api.graph().on("GET", "").fail(Fault::Body { http: 200, body: "{\"data\":[{\"id\":".to_owned() });
    assert!(get().await.unwrap().json::<Value>().await.is_err());
    api.graph().on("GET", "").fail(Fault::Body { http: 200, body: json!({ "error": { "code": 2 } }).to_string() });
    assert_eq!(get().await.unwrap().json::<Value>().await.unwrap()["error"]["code"], 2, "an error with status 200");
    api.graph().on("GET", "").fail(Fault::Reset);
    assert!(get().await.is_err());
    api.graph().on("GET", "").fail(Fault::apply_then_drop());
    assert!(get().await.is_err());
    api.graph().on("GET", "").fail(Fault::CutBody { after: 10, how: backscroll_simulator::Cut::Close });
    assert!(get().await.unwrap().bytes().await.is_err());
    api.graph().on("GET", "").fail(Fault::Delay { ms: 1 });
    assert_eq!(get().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refusal_on_demand_shows_the_meter_too() {
    let api = Api::start(WorldKind::Small).await;
    let meter = backscroll_simulator::Meter { regain_minutes: 5, ..backscroll_simulator::Meter::percent(100) };
    api.graph().set_usage(crate::P, crate::IG, meter);
    api.graph().on("GET", "").fail(Fault::graph(80_002, None));
    let answer = api.call("/me/conversations?platform=instagram").send().await.unwrap();
    let usage: Value = serde_json::from_str(answer.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    assert_eq!(usage.as_object().unwrap().values().next().unwrap()[0]["estimated_time_to_regain_access"], 5);
}

#[tokio::test]
async fn the_other_api_is_not_struck() {
    let api = Api::start(WorldKind::Small).await;
    api.graph().on("GET", "").always().fail(Fault::graph(2, None));
    let url = format!("{}/user", api.sim.base_url());
    assert_eq!(api.http.get(url).bearer_auth(api.sim.api_key()).send().await.unwrap().status(), 200);
    assert_eq!(api.code("/me").await, (2, None));
}
