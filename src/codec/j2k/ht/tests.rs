use super::*;

fn encoded(rows: &[&[i32]]) -> Vec<u8> {
    let samples: Vec<i32> = rows.iter().flat_map(|row| row.iter().copied()).collect();
    let block = BlockSamples::new(&samples, rows[0].len(), rows[0].len(), rows.len(), 0).unwrap();
    HtCoder::default().encode(&block, Passes::Cleanup).bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn small_blocks_have_the_bytes_of_other_encoders() {
    for (rows, bytes) in [
        (&[&[1][..]][..], "fe006300"),
        (&[&[-1]], "006300"),
        (&[&[5]], "f800477400"),
        (&[&[-37]], "c900877400"),
        (&[&[0, 0, 0, 0, 0, 0, 0, -3]], "fde0093400"),
        (&[&[3, -1, 0, 0], &[0, 2, 0, -7], &[1, 0, 0, 0], &[-4, 12, 0, 1]], "4405c7fa4335d693b47700"),
        (&[&[-20, 14, 9, -1, 0], &[7, -6, 0, 2, 30], &[1, 1, -1, 0, 0]], "87e905211af8019b801fa80b3800"),
    ] {
        assert_eq!(hex(&encoded(rows)), bytes.replace('\n', ""), "{rows:?}");
    }
}
