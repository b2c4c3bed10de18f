#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

fn addrs(list: &[&str]) -> Vec<SocketAddr> {
    list.iter().map(|a| a.parse().unwrap()).collect()
}

#[test]
fn a_name_leads_only_to_its_public_addresses() {
    let mixed = addrs(&["10.0.0.1:0", "1.1.1.1:0", "[::1]:0"]);
    assert_eq!(permitted(Reach::Public, mixed.clone()).unwrap(), addrs(&["1.1.1.1:0"]));
    assert_eq!(permitted(Reach::Loopback, mixed).unwrap(), addrs(&["[::1]:0"]));
    assert!(permitted(Reach::Public, addrs(&["127.0.0.1:0"])).is_err());
    assert!(permitted(Reach::Public, Vec::new()).is_err());
}

#[tokio::test]
async fn a_refused_name_is_a_refusal_and_not_a_network_failure() {
    let fetcher = MediaFetcher::new(FetchLimits::default()).unwrap();
    let error = fetcher.fetch("https://localhost/x.png", None).await.unwrap_err();
    assert_eq!(error, FetchError::Refused("not a public address"));
}

#[test]
fn a_long_file_has_long_and_a_drip_has_not() {
    let limits = FetchLimits::default();
    assert_eq!(limits.allowance(0), Duration::from_secs(60));
    assert!(limits.allowance(60) < Duration::from_secs(61), "a byte a second ends after a minute");
    assert_eq!(limits.allowance(64 * 1024 * 100), Duration::from_secs(160));
}
