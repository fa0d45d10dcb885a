//! The expressions of tables: sizes, counts and conditions over earlier fields.

use std::fmt;

use super::record::number::integer;
use super::record::{FieldData, Record};

/// A size, count or condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    root: Node,
    text: String,
}

/// The context of an expression: the record of the innermost group, and the enclosing records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) record: &'a Record,
    pub(super) outer: Option<&'a Self>,
    /// Bytes left in the structure.
    pub(super) remaining: u64,
    /// The index of the record among the turns of its group.
    pub(super) turn: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(i128),
    Text(String),
    Name(String),
    Remaining,
    Blank(String),
    Bit(String, u32),
    ValueOr(String, i128),
    /// The field of a group's record with the same turn as this one.
    Same(String, String),
    Not(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// The result of an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome<'a> {
    Number(i128),
    Text(&'a str),
}

/// The most parts of an expression: they bound the depth of its evaluation.
const MAX_TOKENS: usize = 200;

impl Expression {
    /// Parses an expression.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokenize(text)?;
        if tokens.len() > MAX_TOKENS {
            return Err(format!("expression has more than {MAX_TOKENS} parts"));
        }
        let mut parser = Parser { tokens: &tokens, next: 0 };
        let root = parser.expression(0)?;
        match parser.tokens.get(parser.next) {
            None => Ok(Self { root, text: text.trim().to_owned() }),
            Some(token) => Err(format!("unexpected {token:?}")),
        }
    }

    /// The value, if it does not depend on a field.
    pub(crate) fn constant(&self) -> Option<i128> {
        if let Node::Number(value) = self.root { Some(value) } else { None }
    }

    /// The field, if the expression is only its name.
    pub(crate) fn single_name(&self) -> Option<&str> {
        if let Node::Name(name) = &self.root { Some(name) } else { None }
    }

    /// True if the expression is the bytes left: a field that takes the rest of its structure.
    pub(super) fn is_rest(&self) -> bool {
        self.root == Node::Remaining
    }

    /// For `NAME`, `NAME - n` and `NAME + n`: the field NAME, and the number to add to a size to get the value of the field.
    pub(super) fn linear(&self) -> Option<(&str, i128)> {
        match &self.root {
            Node::Name(name) => Some((name, 0)),
            Node::Binary(operator, left, right) => match (operator, &**left, &**right) {
                (Operator::Subtract, Node::Name(name), Node::Number(less)) => Some((name, *less)),
                (Operator::Add, Node::Name(name), Node::Number(more)) => Some((name, -more)),
                _ => None,
            },
            _ => None,
        }
    }

    /// True if the expression depends on the bytes left only by testing whether there are any.
    pub(super) fn is_any_left(&self) -> bool {
        let Node::Binary(Operator::Greater, left, right) = &self.root else { return false };
        (&**left, &**right) == (&Node::Remaining, &Node::Number(0))
    }

    /// True if the value depends on the bytes left.
    pub(super) fn has_remaining(&self) -> bool {
        let mut found = false;
        self.root.visit(&mut |node| found |= *node == Node::Remaining);
        found
    }

    /// Calls `see` with the name of every field in the expression.
    pub(super) fn names(&self, mut see: impl FnMut(&str)) {
        self.root.visit(&mut |node| {
            if let Node::Name(name) | Node::Blank(name) | Node::Bit(name, _) | Node::ValueOr(name, _) = node {
                see(name);
            }
            if let Node::Same(group, name) = node {
                see(group);
                see(name);
            }
        });
    }

    /// Calls `see` with every field that is compared with a constant, and with the constant.
    #[cfg(test)]
    pub(super) fn comparisons(&self, mut see: impl FnMut(&str, String)) {
        self.root.visit(&mut |node| {
            let Node::Binary(_, left, right) = node else { return };
            match (&**left, &**right) {
                (Node::Name(name), Node::Text(text)) => see(name, text.clone()),
                (Node::Name(name), Node::Number(number)) => see(name, number.to_string()),
                _ => {}
            }
        });
    }

    /// The value as a number; the error names the field that is missing or not a number.
    pub(super) fn number(&self, scope: &Scope<'_>) -> Result<i128, String> {
        evaluate(&self.root, scope)?.number()
    }

    /// The value as a condition.
    pub(super) fn holds(&self, scope: &Scope<'_>) -> Result<bool, String> {
        self.number(scope).map(|value| value != 0)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Node {
    fn visit(&self, see: &mut impl FnMut(&Self)) {
        see(self);
        match self {
            Self::Not(inner) => inner.visit(see),
            Self::Binary(_, left, right) => {
                left.visit(see);
                right.visit(see);
            }
            _ => {}
        }
    }
}

impl<'a> Scope<'a> {
    fn find(&self, name: &str) -> Option<&'a FieldData> {
        match (self.record.get(name), self.outer) {
            (None, Some(outer)) => outer.find(name),
            (found, _) => found,
        }
    }

    fn field(&self, name: &str) -> Result<&'a FieldData, String> {
        self.find(name).ok_or_else(|| format!("no earlier field {name}"))
    }

    /// The field in the record, of an enclosing record's group, that has the turn of the current record.
    fn same_turn(&self, group: &str, name: &str) -> Result<i128, String> {
        let mut scope = self;
        while let Some(outer) = scope.outer {
            if let Some(FieldData::Group(turns)) = outer.record.get(group) {
                let value = turns.get(scope.turn).and_then(|turn| turn.int(name));
                return value.ok_or_else(|| format!("{name} of {group} {} is not an integer", scope.turn + 1));
            }
            scope = outer;
        }
        Err(format!("no earlier group {group}"))
    }

    fn integer(&self, name: &str) -> Result<i128, String> {
        self.field(name)?.to_int().ok_or_else(|| format!("{name} is not an integer"))
    }
}

impl Outcome<'_> {
    fn number(self) -> Result<i128, String> {
        match self {
            Self::Number(value) => Ok(value),
            Self::Text(text) => integer(text).ok_or_else(|| format!("{text:?} is not an integer")),
        }
    }
}

fn evaluate<'a>(node: &'a Node, scope: &Scope<'a>) -> Result<Outcome<'a>, String> {
    Ok(match node {
        Node::Number(value) => Outcome::Number(*value),
        Node::Text(text) => Outcome::Text(text),
        Node::Remaining => Outcome::Number(i128::from(scope.remaining)),
        Node::Name(name) => match scope.field(name)? {
            FieldData::Text(text) => Outcome::Text(text),
            other => Outcome::Number(other.to_int().ok_or_else(|| format!("{name} is not an integer"))?),
        },
        Node::Blank(name) => {
            let blank = matches!(scope.field(name)?, FieldData::Text(text) if text.trim().is_empty());
            Outcome::Number(i128::from(blank))
        }
        Node::Bit(name, bit) => Outcome::Number((scope.integer(name)? >> bit) & 1),
        Node::ValueOr(name, default) => match scope.find(name) {
            Some(_) => Outcome::Number(scope.integer(name)?),
            None => Outcome::Number(*default),
        },
        Node::Same(group, name) => Outcome::Number(scope.same_turn(group, name)?),
        Node::Not(inner) => Outcome::Number(i128::from(evaluate(inner, scope)?.number()? == 0)),
        Node::Binary(operator, left, right) => return apply(*operator, left, right, scope),
    })
}

fn apply<'a>(operator: Operator, left: &'a Node, right: &'a Node, scope: &Scope<'a>) -> Result<Outcome<'a>, String> {
    use Operator as O;
    let left = evaluate(left, scope)?;
    if matches!(operator, O::And | O::Or) {
        let decided = left.number()? != 0;
        // The right side may name a field that exists only if the left side holds.
        if decided == (operator == O::Or) {
            return Ok(Outcome::Number(i128::from(decided)));
        }
        return Ok(Outcome::Number(i128::from(evaluate(right, scope)?.number()? != 0)));
    }
    let right = evaluate(right, scope)?;
    if let (O::Equal | O::NotEqual, Outcome::Text(a), Outcome::Text(b)) = (operator, left, right) {
        return Ok(Outcome::Number(i128::from((a.trim_end() == b.trim_end()) == (operator == O::Equal))));
    }
    if let (O::Equal | O::NotEqual, Outcome::Text(text), Outcome::Number(number)) = (operator, left, right) {
        // A field compared with a number may hold words such as ALL or blanks: it then differs.
        let same = integer(text) == Some(number);
        return Ok(Outcome::Number(i128::from(same == (operator == O::Equal))));
    }
    let (a, b) = (left.number()?, right.number()?);
    let overflow = || "number is too large".to_owned();
    Ok(Outcome::Number(match operator {
        O::Add => a.checked_add(b).ok_or_else(overflow)?,
        O::Subtract => a.checked_sub(b).ok_or_else(overflow)?,
        O::Multiply => a.checked_mul(b).ok_or_else(overflow)?,
        O::Divide => a.checked_div(b).ok_or_else(|| "division by zero".to_owned())?,
        O::Equal => i128::from(a == b),
        O::NotEqual => i128::from(a != b),
        O::Less => i128::from(a < b),
        O::LessEqual => i128::from(a <= b),
        O::Greater => i128::from(a > b),
        O::GreaterEqual => i128::from(a >= b),
        O::And | O::Or => unreachable!("decided above"),
    }))
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(i128),
    Text(String),
    Word(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 13] = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "(", ")", ","];

fn tokenize(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            let end = rest[1..].find('"').ok_or_else(|| "missing closing quote".to_owned())?;
            tokens.push(Token::Text(rest[1..=end].to_owned()));
            end + 2
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let word = &rest[..end];
            tokens.push(word.parse().map_or_else(|_| Token::Word(word.to_owned()), Token::Number));
            end
        } else {
            let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
            let symbol = symbol.ok_or_else(|| format!("unexpected {first:?}"))?;
            tokens.push(Token::Symbol(symbol));
            symbol.len()
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser<'t> {
    tokens: &'t [Token],
    next: usize,
}

impl Parser<'_> {
    /// Precedence climbing: binary operators that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Node, String> {
        let mut left = self.operand()?;
        while let Some((operator, precedence)) = self.operator() {
            if precedence < least {
                break;
            }
            self.next += 1;
            let right = self.expression(precedence + 1)?;
            left = Node::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(Operator, u8)> {
        use Operator as O;
        Some(match self.tokens.get(self.next)? {
            Token::Word(word) if word == "or" => (O::Or, 1),
            Token::Word(word) if word == "and" => (O::And, 2),
            Token::Symbol(symbol) => match *symbol {
                "==" => (O::Equal, 3),
                "!=" => (O::NotEqual, 3),
                "<" => (O::Less, 3),
                "<=" => (O::LessEqual, 3),
                ">" => (O::Greater, 3),
                ">=" => (O::GreaterEqual, 3),
                "+" => (O::Add, 4),
                "-" => (O::Subtract, 4),
                "*" => (O::Multiply, 5),
                "/" => (O::Divide, 5),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn operand(&mut self) -> Result<Node, String> {
        let token = self.take()?;
        Ok(match token {
            Token::Number(value) => Node::Number(value),
            Token::Text(text) => Node::Text(text),
            Token::Symbol("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                inner
            }
            Token::Word(word) => match word.as_str() {
                "not" => Node::Not(Box::new(self.operand()?)),
                "remaining" => Node::Remaining,
                "blank" => {
                    self.expect("(")?;
                    let name = self.name()?;
                    self.expect(")")?;
                    Node::Blank(name)
                }
                "same" => {
                    self.expect("(")?;
                    let group = self.name()?;
                    self.expect(",")?;
                    let name = self.name()?;
                    self.expect(")")?;
                    Node::Same(group, name)
                }
                "value" => {
                    self.expect("(")?;
                    let name = self.name()?;
                    self.expect(",")?;
                    let default = match self.take()? {
                        Token::Number(value) => value,
                        other => return Err(format!("got {other:?}, expected a number")),
                    };
                    self.expect(")")?;
                    Node::ValueOr(name, default)
                }
                "bit" => {
                    self.expect("(")?;
                    let name = self.name()?;
                    self.expect(",")?;
                    let bit = match self.take()? {
                        Token::Number(bit @ 0..=63) => bit as u32,
                        other => return Err(format!("got {other:?}, expected a bit number")),
                    };
                    self.expect(")")?;
                    Node::Bit(name, bit)
                }
                _ => Node::Name(word),
            },
            Token::Symbol(symbol) => return Err(format!("got {symbol:?}, expected a value")),
        })
    }

    fn name(&mut self) -> Result<String, String> {
        match self.take()? {
            Token::Word(name) => Ok(name),
            other => Err(format!("got {other:?}, expected a name")),
        }
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), String> {
        match self.take()? {
            Token::Symbol(found) if found == symbol => Ok(()),
            other => Err(format!("got {other:?}, expected {symbol:?}")),
        }
    }

    fn take(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.next).cloned().ok_or_else(|| "unexpected end of expression".to_owned())?;
        self.next += 1;
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<i128, String> {
        let outer: Record = [("COUNT", "003"), ("KIND", "ALL"), ("SPACE", "   ")].into_iter().collect();
        let mut inner: Record = [("COUNT", "12 ")].into_iter().collect();
        inner.set("MASK", 0b1010);
        let outer = Scope { record: &outer, outer: None, remaining: 0, turn: 0 };
        Expression::parse(text)?.number(&Scope { record: &inner, outer: Some(&outer), remaining: 7, turn: 0 })
    }

    #[test]
    fn expressions_are_what_they_look_like() {
        let cases = [
            ("1 + 2 * 3", 7),
            ("(1 + 2) * 3", 9),
            ("7 - 2 - 1", 4),
            ("(COUNT + 1) * COUNT / 2", 78),
            ("KIND == \"ALL\"", 1),
            ("KIND != 0 and not blank(KIND)", 1),
            ("KIND == 0 or blank(SPACE)", 1),
            ("bit(MASK, 1) + bit(MASK, 0) * 10", 1),
            ("remaining > 6", 1),
            ("value(MISSING, 4) + value(COUNT, 0)", 16),
            ("blank(KIND) and MISSING == 1", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn wrong_expressions_are_errors() {
        for text in
            ["", "1 +", "(1", "bit(MASK)", "bit(MASK, 99)", "\"open", "1 2", "MISSING", "KIND + 1", "1 / 0", "€"]
        {
            assert!(value(text).is_err(), "{text}");
        }
    }
}
