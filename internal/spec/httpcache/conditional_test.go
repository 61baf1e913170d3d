package httpcache

import (
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// page is what the conditions of these tests are held against: modified 1,000
// seconds before epoch.
func page() *Validators {
	f := lines(`ETag: "a"`, "Last-Modified: @-1000", "Date: @-10")
	return &Validators{ETag: f[0].Value, LastModified: f[1].Value, Date: f[2].Value}
}

func TestEvaluate(t *testing.T) {
	weak := page()
	weak.ETag = []byte(`W/"a"`)
	undated := page()
	undated.LastModified = nil
	bare := page()
	bare.ETag = []byte(`a`)
	tests := []struct {
		name    string
		request []string
		other   bool        // the method is neither GET nor HEAD
		v       *Validators // nil: page
		want    Outcome
	}{
		{name: "no condition", request: []string{"Accept: */*", "If: x", "If-Range: x"}},

		{name: "If-None-Match", request: []string{`If-None-Match: "a"`}, want: NotModified},
		{name: "If-None-Match, another method", request: []string{`If-None-Match: "a"`}, other: true, want: PreconditionFailed},
		{name: "If-None-Match, another tag", request: []string{`If-None-Match: "b"`}},
		{name: "If-None-Match, case", request: []string{`If-None-Match: "A"`}},
		{name: "If-None-Match, first of several", request: []string{`If-None-Match: "a", "b"`}, want: NotModified},
		{name: "If-None-Match, last of several", request: []string{`If-None-Match: "b" , "c","a"`}, want: NotModified},
		{name: "If-None-Match, second line", request: []string{`If-None-Match: "b"`, `If-None-Match: "a"`}, want: NotModified},
		{name: "If-None-Match, tag with a comma", request: []string{`If-None-Match: "b,a", "c"`}},
		{name: "If-None-Match, tag inside another", request: []string{`If-None-Match: "b, "a", "`}},
		{name: "If-None-Match, backslash escapes nothing", request: []string{`If-None-Match: "b\", "a"`}, want: NotModified},
		{name: "If-None-Match, star", request: []string{`If-None-Match: *`}, want: NotModified},
		{name: "If-None-Match, quoted star", request: []string{`If-None-Match: "*"`}},
		{name: "If-None-Match, star, another method", request: []string{`If-None-Match: *`}, other: true, want: PreconditionFailed},
		{name: "If-None-Match, weak of strong", request: []string{`If-None-Match: W/"a"`}, want: NotModified},
		{name: "If-None-Match, strong of weak", request: []string{`If-None-Match: "a"`}, v: weak, want: NotModified},
		{name: "If-None-Match, weak of weak", request: []string{`If-None-Match: W/"a"`}, v: weak, want: NotModified},
		{name: "If-None-Match, lower-case w", request: []string{`If-None-Match: w/"a"`}},
		{name: "If-None-Match, weak without slash", request: []string{`If-None-Match: W"a"`}},
		{name: "If-None-Match, no quotes", request: []string{`If-None-Match: a`}},
		{name: "If-None-Match, no quotes on both sides", request: []string{`If-None-Match: b, a`}, v: bare, want: NotModified},
		{name: "If-None-Match, quotes on one side", request: []string{`If-None-Match: "a"`}, v: bare},
		{name: "If-None-Match, empty", request: []string{`If-None-Match:`}},
		{name: "If-None-Match without an ETag", request: []string{`If-None-Match: "a"`}, v: &Validators{}},
		{name: "If-None-Match star without an ETag", request: []string{`If-None-Match: *`}, v: &Validators{}, want: NotModified},

		{name: "If-Modified-Since, same", request: []string{"If-Modified-Since: @-1000"}, want: NotModified},
		{name: "If-Modified-Since, later", request: []string{"If-Modified-Since: @-1"}, want: NotModified},
		{name: "If-Modified-Since, in the future", request: []string{"If-Modified-Since: @1000"}, want: NotModified},
		{name: "If-Modified-Since, earlier", request: []string{"If-Modified-Since: @-1001"}},
		{name: "If-Modified-Since, another method", request: []string{"If-Modified-Since: @-1000"}, other: true},
		{name: "If-Modified-Since, RFC 850", request: []string{"If-Modified-Since: Tuesday, 14-Nov-23 22:14:20 GMT"}, want: NotModified},
		{name: "If-Modified-Since, invalid", request: []string{"If-Modified-Since: today"}},
		{name: "If-Modified-Since, another zone", request: []string{"If-Modified-Since: Tue, 14 Nov 2034 22:13:20 CET"}},
		{name: "If-Modified-Since, repeated", request: []string{"If-Modified-Since: @-1", "If-Modified-Since: @-1"}},
		{name: "If-Modified-Since without Last-Modified, after Date", request: []string{"If-Modified-Since: @-5"}, v: undated, want: NotModified},
		{name: "If-Modified-Since without Last-Modified, before Date", request: []string{"If-Modified-Since: @-15"}, v: undated},
		{name: "If-Modified-Since without any date", request: []string{"If-Modified-Since: @-5"}, v: &Validators{}},
		{name: "If-Modified-Since yields to If-None-Match that fails", request: []string{`If-None-Match: "b"`, "If-Modified-Since: @-1"}},
		{name: "If-Modified-Since yields to If-None-Match that hits", request: []string{"If-Modified-Since: @-9999", `If-None-Match: "a"`}, want: NotModified},
		{name: "If-Modified-Since yields to an empty If-None-Match", request: []string{"If-None-Match:", "If-Modified-Since: @-1"}},

		{name: "If-Match", request: []string{`If-Match: "a"`}},
		{name: "If-Match, one of several", request: []string{`If-Match: "b", "a"`}},
		{name: "If-Match, star", request: []string{`If-Match: *`}},
		{name: "If-Match, another tag", request: []string{`If-Match: "b"`}, want: PreconditionFailed},
		{name: "If-Match, weak of strong", request: []string{`If-Match: W/"a"`}, want: PreconditionFailed},
		{name: "If-Match, weak of weak", request: []string{`If-Match: W/"a"`}, v: weak, want: PreconditionFailed},
		{name: "If-Match, no quotes on both sides", request: []string{`If-Match: a`}, v: bare, want: PreconditionFailed},
		{name: "If-Match without an ETag", request: []string{`If-Match: "a"`}, v: &Validators{}, want: PreconditionFailed},
		{name: "If-Match met, then If-None-Match", request: []string{`If-Match: "a"`, `If-None-Match: "a"`}, want: NotModified},
		{name: "If-Match fails before If-None-Match", request: []string{`If-None-Match: "a"`, `If-Match: "b"`}, want: PreconditionFailed},
		{name: "If-Match met, then If-Modified-Since", request: []string{`If-Match: "a"`, "If-Modified-Since: @-1000"}, want: NotModified},

		{name: "If-Unmodified-Since, same", request: []string{"If-Unmodified-Since: @-1000"}},
		{name: "If-Unmodified-Since, earlier", request: []string{"If-Unmodified-Since: @-1001"}, want: PreconditionFailed},
		{name: "If-Unmodified-Since, invalid", request: []string{"If-Unmodified-Since: 0"}},
		{name: "If-Unmodified-Since, repeated", request: []string{"If-Unmodified-Since: @-1001", "If-Unmodified-Since: @-1001"}},
		{name: "If-Unmodified-Since without Last-Modified", request: []string{"If-Unmodified-Since: @-1001"}, v: undated},
		{name: "If-Unmodified-Since yields to If-Match", request: []string{"If-Unmodified-Since: @-1001", `If-Match: "a"`}},
		{name: "If-Unmodified-Since met, then If-None-Match", request: []string{"If-Unmodified-Since: @-1", `If-None-Match: "a"`}, want: NotModified},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := tt.v
			if v == nil {
				v = page()
			}
			if got := Evaluate(lines(tt.request...), !tt.other, v, epoch); got != tt.want {
				t.Errorf("Evaluate(%q, %q) = %d; want %d", tt.request, v.ETag, got, tt.want)
			}
		})
	}
}

func TestIfRange(t *testing.T) {
	weak := page()
	weak.ETag = []byte(`W/"a"`)
	undated := page()
	undated.Date = nil
	young := page()
	young.Date = young.LastModified
	tests := []struct {
		name    string
		request []string
		v       *Validators // nil: page
		want    bool
	}{
		{name: "absent", want: true},
		{name: "same tag", request: []string{`If-Range: "a"`}, want: true},
		{name: "another tag", request: []string{`If-Range: "b"`}},
		{name: "weak tag", request: []string{`If-Range: W/"a"`}},
		{name: "weak tag of a weak one", request: []string{`If-Range: W/"a"`}, v: weak},
		{name: "strong tag of a weak one", request: []string{`If-Range: "a"`}, v: weak},
		{name: "list of tags", request: []string{`If-Range: "a", "b"`}},
		{name: "no quotes", request: []string{`If-Range: a`}, v: &Validators{ETag: []byte("a")}},
		{name: "tag without an ETag", request: []string{`If-Range: "a"`}, v: &Validators{}},
		{name: "same date", request: []string{"If-Range: @-1000"}, want: true},
		{name: "later date", request: []string{"If-Range: @-999"}},
		{name: "earlier date", request: []string{"If-Range: @-1001"}},
		{name: "date that is weak", request: []string{"If-Range: @-1000"}, v: young},
		{name: "date of a response without Date", request: []string{"If-Range: @-1000"}, v: undated},
		{name: "date without Last-Modified", request: []string{"If-Range: @-1000"}, v: &Validators{}},
		{name: "invalid", request: []string{"If-Range: today"}},
		{name: "empty", request: []string{"If-Range:"}},
		{name: "repeated", request: []string{`If-Range: "a"`, `If-Range: "a"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := tt.v
			if v == nil {
				v = page()
			}
			if got := IfRange(lines(tt.request...), v, epoch); got != tt.want {
				t.Errorf("IfRange(%q, %q) = %v; want %v", tt.request, v.ETag, got, tt.want)
			}
		})
	}
}

func TestETagMatch(t *testing.T) {
	tests := []struct {
		a, b         string
		strong, weak bool
	}{
		{`"1"`, `"1"`, true, true},
		{`W/"1"`, `W/"1"`, false, true},
		{`W/"1"`, `"1"`, false, true},
		{`"1"`, `W/"1"`, false, true},
		{`W/"1"`, `W/"2"`, false, false},
		{`"1"`, `"2"`, false, false},
		{`""`, `""`, true, true},
		{"\"\xe4\"", "\"\xe4\"", true, true},
		{`"a\"`, `"a\"`, true, true},
		{``, ``, false, false},
		{`"`, `"`, false, true},
		{`W/`, `W/`, false, true},
		{`"a b"`, `"a b"`, false, true},
		{`w/"1"`, `"1"`, false, false},
	}
	for _, tt := range tests {
		if got := StrongMatch([]byte(tt.a), []byte(tt.b)); got != tt.strong {
			t.Errorf("StrongMatch(%s, %s) = %v", tt.a, tt.b, got)
		}
		if got := WeakMatch([]byte(tt.a), []byte(tt.b)); got != tt.weak {
			t.Errorf("WeakMatch(%s, %s) = %v", tt.a, tt.b, got)
		}
	}
}

func TestAppendIfNoneMatch(t *testing.T) {
	tests := []struct {
		etags []string
		want  string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{`"a"`}, `"a"`},
		{[]string{`"a"`, `W/"b"`, "", `"a"`}, `"a", W/"b"`},
		{[]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "1, 2, 3, 4, 5, 6, 7, 8"},
	}
	for _, tt := range tests {
		var etags [][]byte
		for _, tag := range tt.etags {
			etags = append(etags, []byte(tag))
		}
		if got := AppendIfNoneMatch(nil, etags...); string(got) != tt.want {
			t.Errorf("AppendIfNoneMatch(%q) = %s; want %s", tt.etags, got, tt.want)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add(`"a"`, `"a", W/"b"`, "Tue, 14 Nov 2023 22:13:20 GMT", true)
	f.Add(`W/"a"`, `*`, "Tuesday, 14-Nov-23 22:14:20 GMT", false)
	f.Add(`a`, `"a, "b\", `, "", true)
	f.Fuzz(func(t *testing.T, etag, list, date string, get bool) {
		v := &Validators{ETag: []byte(etag), LastModified: []byte(date)}
		request := httpmsg.Fields{
			{Name: []byte("If-Match"), Value: []byte(list)},
			{Name: []byte("If-None-Match"), Value: []byte(list)},
		}
		if got := Evaluate(request[:1], get, v, epoch); got == NotModified {
			t.Errorf("Evaluate(If-Match: %s) = 304", list)
		}
		met := Evaluate(request[:1], get, v, epoch) == Proceed
		if got := Evaluate(request[1:], get, v, epoch); met && got == Proceed {
			t.Errorf("%s matches %s strongly and not weakly", list, etag)
		}
		if _, weak, ok := ParseETag([]byte(etag)); ok {
			all := Evaluate(httpmsg.Fields{{Name: []byte("If-None-Match"), Value: []byte(`"x",` + etag)}}, true, v, epoch)
			if all != NotModified {
				t.Errorf("If-None-Match of the tag %s itself = %d", etag, all)
			}
			one := Evaluate(httpmsg.Fields{{Name: []byte("If-Match"), Value: []byte(etag)}}, true, v, epoch)
			if (one == Proceed) == weak {
				t.Errorf("If-Match of the tag %s itself = %d", etag, one)
			}
		}
		request = httpmsg.Fields{{Name: []byte("If-Modified-Since"), Value: []byte(date)}}
		if _, ok := parseDate([]byte(date), epoch); ok != (Evaluate(request, true, v, epoch) == NotModified) {
			t.Errorf("If-Modified-Since of Last-Modified %q itself: date is valid: %v", date, ok)
		}
	})
}
