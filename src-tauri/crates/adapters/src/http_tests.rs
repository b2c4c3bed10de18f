#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

fn facts(headers: &[(&'static str, &'static str)]) -> Facts {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    Facts::of(&map)
}

#[test]
fn only_https_and_loopback_are_spoken_to() {
    for good in [
        "https://api.ayrshare.com/api",
        "https://proxy.example.test:8443/a/b/",
        "http://localhost:3000",
        "http://127.8.9.1/api",
        "http://[::1]:9/api",
    ] {
        assert!(validate_api_base(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "api.ayrshare.com",
        "http://api.ayrshare.com",
        "http://localhost.example.test",
        "http://127.0.0.1.example.test/api",
        "http://10.0.0.1/api",
        "ftp://127.0.0.1/",
        "https://user:word@api.ayrshare.com/api",
        "https://api.ayrshare.com/api?key=1",
        "https://api.ayrshare.com/api#x",
        "file:///etc/passwd",
    ] {
        assert_eq!(validate_api_base(bad), Err(BadApiBase), "{bad}");
    }
}

#[test]
fn the_new_and_the_old_rate_limit_headers_are_read() {
    assert_eq!(
        facts(&[("x-ratelimit-max", "300"), ("x-ratelimit-count", "12")]).quota,
        Some(Quota { used: 12, max: 300 })
    );
    assert_eq!(facts(&[("x-ratelimit-remaining", "288")]).quota, Some(Quota { used: 12, max: 300 }));
    assert_eq!(
        facts(&[("x-ratelimit-limit", "150"), ("x-ratelimit-remaining", "50")]).quota,
        Some(Quota { used: 100, max: 150 })
    );
    assert_eq!(facts(&[("x-ratelimit-max", "many"), ("x-ratelimit-count", "12")]).quota, None);
    assert_eq!(facts(&[]).quota, None);
}

#[test]
fn the_wait_is_seconds_or_a_date_or_the_old_reset() {
    assert_eq!(facts(&[("retry-after", "7")]).wait, Some(Duration::from_secs(7)));
    let date = ("date", "Tue, 03 Feb 2026 10:00:00 GMT");
    let later = ("retry-after", "Tue, 03 Feb 2026 10:01:30 GMT");
    assert_eq!(facts(&[date, later]).wait, Some(Duration::from_secs(90)));
    assert_eq!(facts(&[later]).wait, None);
    assert_eq!(facts(&[("x-ratelimit-reset", "1500")]).wait, Some(Duration::from_millis(1500)));
}

#[test]
fn the_date_header_is_the_providers_clock() {
    assert_eq!(facts(&[("date", "Tue, 03 Feb 2026 10:00:00 GMT")]).server_time, Some(Timestamp(1_770_112_800_000)));
    assert_eq!(facts(&[("date", "yesterday")]).server_time, None);
}

#[test]
fn no_secret_survives_in_words_not_even_hidden_ones() {
    let scrub = Scrubber::new([Secret::new("ABCD-EFGH"), Secret::new("")]);
    assert_eq!(scrub.clean("bad key ABCD-EFGH!"), "bad key ***!");
    assert_eq!(scrub.clean("bad key ABCD\u{200B}-EFGH"), "bad key ***");
    assert!(!scrub.clean(&format!("{}ABCD-EFGH", "x".repeat(295))).contains("ABCD"));
    assert_eq!(
        scrub.and(&Content::Text("my  private text".to_owned())).clean("refused: my private text"),
        "refused: ***"
    );
    assert!(scrub.clean(&"long ".repeat(1000)).chars().count() <= 300);
}
