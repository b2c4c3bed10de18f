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
