package journal

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// maxText bounds, in bytes, what a line tells of Referer and User-Agent.
const maxText = 1024

// An entry is what one line tells.
type entry struct {
	x     *flow.Exchange
	sent  int64
	cut   bool
	took  int64 // nanoseconds
	clock *stamp
}

// A stamp remembers the text of the second that was written last.
type stamp struct {
	second int64
	text   [len("2006-01-02T15:04:05")]byte
}

// appendTime appends a time in UTC with milliseconds.
func (s *stamp) appendTime(dst []byte, nanos int64) []byte {
	second := nanos / 1e9
	if second != s.second || s.text[0] == 0 {
		s.second = second
		time.Unix(second, 0).UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05")
	}
	dst = append(dst, s.text[:]...)
	ms := nanos / 1e6 % 1000
	return append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

// appendText appends the line in the form Text.
func (e *entry) appendText(dst []byte) []byte {
	x, req := e.x, &e.x.Request
	dst = e.clock.appendTime(dst, x.Now)
	dst = append(dst, ' ')
	dst = appendPeer(dst, x)
	dst = append(dst, ' ')
	dst = appendWord(dst, e.zone())
	dst = append(dst, ' ')
	dst = appendWord(dst, x.Host)
	dst = append(dst, ` "`...)
	dst = appendQuoted(dst, req.Method)
	dst = append(dst, ' ')
	dst = appendURL(dst, req.Target, appendQuoted)
	dst = append(dst, " HTTP/1."...)
	dst = strconv.AppendInt(dst, int64(req.Minor), 10)
	dst = append(dst, `" `...)
	dst = strconv.AppendInt(dst, int64(x.Reply.Status), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, e.sent, 10)
	dst = append(dst, ' ')
	dst = appendWord(dst, x.Result.String())
	dst = append(dst, ' ')
	dst = appendSeconds(dst, e.took)
	dst = append(dst, ` "`...)
	dst = appendURL(dst, clip(req.Fields.Get("Referer")), appendQuoted)
	dst = append(dst, `" "`...)
	dst = appendQuoted(dst, clip(req.Fields.Get("User-Agent")))
	dst = append(dst, `" `...)
	dst = appendWord(dst, e.code())
	dst = append(dst, ' ')
	dst = appendWord(dst, x.ID)
	if e.cut {
		return append(dst, " cut\n"...)
	}
	return append(dst, " ok\n"...)
}

// appendJSON appends the line in the form JSON.
func (e *entry) appendJSON(dst []byte) []byte {
	x, req := e.x, &e.x.Request
	dst = append(dst, `{"time":"`...)
	dst = e.clock.appendTime(dst, x.Now)
	dst = append(dst, `","peer":"`...)
	dst = appendPeer(dst, x)
	if zone := e.zone(); zone != "" {
		dst = append(dst, `","zone":"`...)
		dst = appendString(dst, zone)
	}
	dst = append(dst, `","host":"`...)
	dst = appendString(dst, x.Host)
	dst = append(dst, `","method":"`...)
	dst = appendString(dst, req.Method)
	dst = append(dst, `","target":"`...)
	dst = appendURL(dst, req.Target, appendString[[]byte])
	dst = append(dst, `","protocol":"HTTP/1.`...)
	dst = strconv.AppendInt(dst, int64(req.Minor), 10)
	dst = append(dst, `","status":`...)
	dst = strconv.AppendInt(dst, int64(x.Reply.Status), 10)
	dst = append(dst, `,"bytes":`...)
	dst = strconv.AppendInt(dst, e.sent, 10)
	if result := x.Result.String(); result != "" {
		dst = append(dst, `,"result":"`...)
		dst = append(dst, result...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"seconds":`...)
	dst = appendSeconds(dst, e.took)
	if referer := req.Fields.Get("Referer"); referer != nil {
		dst = append(dst, `,"referer":"`...)
		dst = appendURL(dst, clip(referer), appendString[[]byte])
		dst = append(dst, '"')
	}
	if agent := req.Fields.Get("User-Agent"); agent != nil {
		dst = append(dst, `,"user_agent":"`...)
		dst = appendString(dst, clip(agent))
		dst = append(dst, '"')
	}
	if code := e.code(); code != "" {
		dst = append(dst, `,"code":"`...)
		dst = appendString(dst, code)
		dst = append(dst, '"')
	}
	if x.ID != "" {
		dst = append(dst, `,"request_id":"`...)
		dst = appendString(dst, x.ID)
		dst = append(dst, '"')
	}
	if e.cut {
		dst = append(dst, `,"cut":true`...)
	}
	return append(dst, "}\n"...)
}

func (e *entry) zone() string {
	if e.x.Site == nil {
		return ""
	}
	return e.x.Site.Zone.UUID
}

// code returns the catalogue's code of the refusal, or of the origin's fault.
func (e *entry) code() string {
	if e.x.Code == "" && e.x.Fault != nil {
		return string(e.x.Fault.Code)
	}
	return e.x.Code
}

func appendPeer(dst []byte, x *flow.Exchange) []byte {
	if !x.Peer.IsValid() {
		return append(dst, '-')
	}
	return x.Peer.Unmap().WithZone("").AppendTo(dst)
}

// appendSeconds appends nanoseconds as "0.000412".
func appendSeconds(dst []byte, nanos int64) []byte {
	dst = strconv.AppendInt(dst, nanos/1e9, 10)
	dst = append(dst, '.')
	micros := nanos / 1e3 % 1e6
	for unit := int64(100_000); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	return dst
}

func clip(b []byte) []byte { return b[:min(len(b), maxText)] }

const hexDigits = "0123456789abcdef"

// appendWord appends a text that stands between blanks: "-" if it is empty,
// and blanks escaped too.
func appendWord[T ~string | ~[]byte](dst []byte, s T) []byte {
	if len(s) == 0 {
		return append(dst, '-')
	}
	for i := range len(s) {
		if s[i] == ' ' {
			dst = append(dst, `\x20`...)
			continue
		}
		dst = appendByte(dst, s[i])
	}
	return dst
}

// appendQuoted appends a text that stands between quotes. Only visible ASCII
// stays as it is, so that no byte can end the line or move a terminal's cursor.
func appendQuoted(dst, s []byte) []byte {
	for _, c := range s {
		dst = appendByte(dst, c)
	}
	return dst
}

func appendByte(dst []byte, c byte) []byte {
	if c < ' ' || c > '~' || c == '"' || c == '\\' {
		return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, c)
}

// appendString appends the inside of a JSON string. Bytes that are no UTF-8
// become U+FFFD; what some reader takes for the end of a line is escaped.
func appendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f || c == '"' || c == '\\' {
				dst = appendRune(dst, rune(c))
			} else {
				dst = append(dst, c)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError || r < 0xa0 || r == 0x2028 || r == 0x2029 {
			dst = appendRune(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		i += size
	}
	return dst
}

// appendRune appends \u and four digits.
func appendRune(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
