#![allow(missing_docs)]
fn main() {
    let c = rebound_classify::Classifier::new();
    let folder = std::env::args().nth(1).unwrap();
    let n: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let msgs: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|e| std::fs::read(e.unwrap().path()).ok())
        .collect();
    let p = mail_parser::MessageParser::default();
    let t = std::time::Instant::now();
    let mut k = 0;
    for _ in 0..n {
        for m in &msgs {
            k += c.classify(m).recipients.len();
        }
    }
    let a = t.elapsed();
    let t = std::time::Instant::now();
    for _ in 0..n {
        for m in &msgs {
            k += p.parse(m.as_slice()).map_or(0, |m| m.parts.len());
        }
    }
    let b = t.elapsed();
    println!(
        "{k} classify {:.1} us/msg, mail-parser {:.1} us/msg, ratio {:.2}",
        a.as_secs_f64() * 1e6 / (n * msgs.len()) as f64,
        b.as_secs_f64() * 1e6 / (n * msgs.len()) as f64,
        a.as_secs_f64() / b.as_secs_f64()
    );
}
