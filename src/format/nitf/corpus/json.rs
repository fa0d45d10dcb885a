//! As much JSON as the manifest of the corpus needs.

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn parse(text: &str) -> Self {
        let mut parser = Parser { bytes: text.as_bytes(), at: 0 };
        parser.value()
    }

    /// The value under a key; null where there is none.
    pub(super) fn get(&self, key: &str) -> &Self {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map_or(&Self::Null, |(_, value)| value),
            _ => &Self::Null,
        }
    }

    pub(super) fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    pub(super) fn list(&self) -> &[Self] {
        if let Self::List(values) = self { values } else { &[] }
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> u8 {
        while self.bytes[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        self.bytes[self.at]
    }

    fn value(&mut self) -> Json {
        match self.peek() {
            b'{' => Json::Map(self.items(b'}', |parser| {
                let Json::Text(key) = parser.value() else { panic!("a key is a string") };
                assert_eq!(parser.peek(), b':');
                parser.at += 1;
                (key, parser.value())
            })),
            b'[' => Json::List(self.items(b']', Self::value)),
            b'"' => self.string(),
            _ => {
                let start = self.at;
                while !matches!(self.bytes[self.at], b',' | b'}' | b']' | b' ' | b'\n' | b'\r') {
                    self.at += 1;
                }
                match std::str::from_utf8(&self.bytes[start..self.at]).unwrap() {
                    "null" => Json::Null,
                    "true" => Json::Bool(true),
                    "false" => Json::Bool(false),
                    number => Json::Number(number.parse().unwrap_or(f64::NAN)),
                }
            }
        }
    }

    fn items<T>(&mut self, end: u8, item: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        self.at += 1;
        while self.peek() != end {
            items.push(item(self));
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        items
    }

    fn string(&mut self) -> Json {
        let mut out = Vec::new();
        self.at += 1;
        while self.bytes[self.at] != b'"' {
            let mut byte = self.bytes[self.at];
            self.at += 1;
            if byte == b'\\' {
                byte = self.bytes[self.at];
                self.at += 1;
                byte = match byte {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'u' => {
                        let digits = std::str::from_utf8(&self.bytes[self.at..self.at + 4]).unwrap();
                        let code = u32::from_str_radix(digits, 16).unwrap();
                        self.at += 4;
                        let c = char::from_u32(code).unwrap_or('\u{FFFD}');
                        out.extend(c.to_string().bytes());
                        continue;
                    }
                    other => other,
                };
            }
            out.push(byte);
        }
        self.at += 1;
        Json::Text(String::from_utf8(out).unwrap())
    }
}

#[test]
fn values_are_what_they_look_like() {
    let value = Json::parse(r#" {"a": [1, -2.5e3, null, true], "b": {"c": "x\n\"\u00e9"}, "d": []} "#);
    let list = [Json::Number(1.0), Json::Number(-2500.0), Json::Null, Json::Bool(true)];
    assert_eq!(value.get("a").list(), list);
    assert_eq!(value.get("b").get("c").text(), "x\n\"é");
    assert_eq!((value.get("d").list().len(), value.get("e")), (0, &Json::Null));
}
