#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

fn facts(headers: &[(&'static str, &str)]) -> Facts {
    Facts::of(&headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect())
}

#[test]
fn the_fullest_meter_counts_and_the_longest_wait() {
    let by_use = r#"{"104455667788990":[{"type":"messenger","call_count":12,"total_cputime":3,"total_time":5,
        "estimated_time_to_regain_access":0},{"type":"pages","call_count":1,"total_time":74.2,
        "estimated_time_to_regain_access":5}],"178414":[{"type":"instagram","call_count":30}]}"#
        .replace('\n', "");
    let told = facts(&[("x-business-use-case-usage", &by_use), ("x-app-usage", r#"{"call_count":99}"#)]);
    assert_eq!(told.quota, Some(Quota { used: 75, max: 100 }));
    assert_eq!(told.wait, Some(Duration::from_secs(300)));
}

#[test]
fn without_the_meter_of_the_page_that_of_the_app_counts() {
    let told = facts(&[("x-app-usage", r#"{"call_count":28,"total_time":25,"total_cputime":25}"#)]);
    assert_eq!((told.quota, told.wait), (Some(Quota { used: 28, max: 100 }), None));
}

#[test]
fn meters_that_cannot_be_read_are_not_zero() {
    for nonsense in ["", "[]", "null", "{", r#"{"1": 7}"#, r#"{"1": [7, null, "x"]}"#, r#"{"call_count": "many"}"#] {
        let told = facts(&[("x-business-use-case-usage", nonsense), ("x-app-usage", "nonsense")]);
        assert_eq!(told.quota, None, "{nonsense}");
    }
    assert_eq!(facts(&[]).quota, None);
}

#[test]
fn the_proof_is_the_one_that_the_reference_describes() {
    // RFC 4231, test case 2.
    let made = proof(&Secret::new("Jefe"), &Secret::new("what do ya want for nothing?")).unwrap();
    assert_eq!(made.expose(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn an_error_is_an_error_whatever_stands_beside_it() {
    assert!(matches!(shape(br#"{"data": [], "error": {"code": 1}}"#), Shape::Error));
    assert!(matches!(shape(br#"{"error": {"code": 1}, "error": {"code": 2}}"#), Shape::Error));
    assert!(matches!(shape(br#"{"error": null, "data": []}"#), Shape::Plain));
    assert!(matches!(shape(b"[null]"), Shape::Plain));
    assert!(matches!(shape(b"<html>"), Shape::NoJson));
    assert!(matches!(shape(b""), Shape::NoJson));
}

#[test]
fn a_config_that_cannot_work_is_refused_before_any_call() {
    let with = |change: fn(&mut MetaConfig)| {
        let mut config = MetaConfig::new(Secret::new("EAA-1"));
        change(&mut config);
        Meta::new(config).map(drop)
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|c| c.api_base = "http://graph.facebook.com".to_owned()), Err(crate::BadApiBase.into()));
    assert_eq!(with(|c| c.version = "25".to_owned()), Err(ConfigError::BadVersion));
    assert_eq!(with(|c| c.page_token = Secret::new(" ")), Err(ConfigError::NoToken));
    assert_eq!(with(|c| c.page_token = Secret::new("a\nb")), Err(ConfigError::BadSecret("the Page token")));
}
