//! What an address takes: a report names a handful, and a campaign is signed by the million.

#![allow(missing_docs, clippy::expect_used)] // the macro's function; a benchmark may panic

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rebound_verp::{Day, Key, Keys, Purpose, contact_hints};

fn addresses(criterion: &mut Criterion) {
    let day = Day::from_days(20_779);
    let key = Key::new(1, [7; 32], day).expect("a key");
    let keys = Keys::default().with(key).expect("one key");
    let sign = || {
        keys.sign(Purpose::ReturnPath, "news", "ann@example.org", day)
            .expect("a token")
    };
    let ours = sign().address("bounces", "example.com").expect("an address");
    let (local, domain) = ours.split_once('@').expect("an address");
    let forwarded = format!("SRS0=Hx7f=2B={domain}={local}@relay.example.net");
    let plain = "news-bounces+ann=example.org@lists.example.com";

    let mut group = criterion.benchmark_group("addresses");
    group.throughput(Throughput::Elements(1));
    group.bench_function("sign", |bench| bench.iter(|| black_box(sign())));
    for (name, address) in [
        ("read-signed", ours.as_str()),
        ("read-forwarded", &forwarded),
        ("read-other", plain),
    ] {
        group.bench_function(name, |bench| bench.iter(|| keys.read(black_box(address))));
    }
    group.bench_function("hints", |bench| bench.iter(|| contact_hints(black_box(plain))));
    group.finish();
}

criterion_group!(benches, addresses);
criterion_main!(benches);
