package httpmsg

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	const example = 784111777 // RFC 9110, 5.6.7
	now := time.Date(2026, time.October, 15, 12, 0, 0, 0, time.UTC)
	at := func(year int, month time.Month, day, hour, minute, second int) int64 {
		return time.Date(year, month, day, hour, minute, second, 0, time.UTC).Unix()
	}
	tests := []struct {
		name string
		date string
		want int64
		ok   bool
	}{
		{"IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", example, true},
		{"RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", example, true},
		{"asctime", "Sun Nov  6 08:49:37 1994", example, true},
		{"asctime with zero", "Sun Nov 06 08:49:37 1994", example, true},
		{"asctime two-digit day", "Wed Nov 16 08:49:37 1994", example + 10*86400, true},
		{"without case", "sUN, 06 nOV 1994 08:49:37 gmt", example, true},
		{"RFC 850 without case", "SUNDAY, 06-NOV-94 08:49:37 Gmt", example, true},
		{"asctime without case", "sun nov  6 08:49:37 1994", example, true},
		{"wrong weekday", "Mon, 06 Nov 1994 08:49:37 GMT", example, true},
		{"RFC 850 wrong weekday", "Wednesday, 06-Nov-94 08:49:37 GMT", example, true},
		{"epoch", "Thu, 01 Jan 1970 00:00:00 GMT", 0, true},
		{"before the epoch", "Wed, 31 Dec 1969 23:59:59 GMT", -1, true},
		{"leap day", "Thu, 29 Feb 2024 00:00:00 GMT", at(2024, 2, 29, 0, 0, 0), true},
		{"leap day of 2000", "Tue, 29 Feb 2000 00:00:00 GMT", at(2000, 2, 29, 0, 0, 0), true},
		{"leap second", "Sat, 31 Dec 2016 23:59:60 GMT", at(2017, 1, 1, 0, 0, 0), true},
		{"beyond 2^31", "Tue, 19 Jan 2038 03:14:08 GMT", 1 << 31, true},
		{"beyond 2^32", "Sun, 07 Feb 2106 06:28:16 GMT", 1 << 32, true},
		{"far", "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799, true},
		{"year 0", "Sat, 01 Jan 0000 00:00:00 GMT", at(0, 1, 1, 0, 0, 0), true},

		{"RFC 850 fifty years ahead", "Thursday, 15-Oct-76 12:00:00 GMT", at(2076, 10, 15, 12, 0, 0), true},
		{"RFC 850 a second more", "Thursday, 15-Oct-76 12:00:01 GMT", at(1976, 10, 15, 12, 0, 1), true},
		{"RFC 850 next year", "Friday, 01-Jan-27 00:00:00 GMT", at(2027, 1, 1, 0, 0, 0), true},
		{"RFC 850 leap day of a leap year", "Sunday, 29-Feb-76 00:00:00 GMT", at(2076, 2, 29, 0, 0, 0), true},

		{"other zone", "Sun, 06 Nov 1994 08:49:37 EST", 0, false},
		{"offset", "Sun, 06 Nov 1994 08:49:37 +0000", 0, false},
		{"UTC", "Sun, 06 Nov 1994 08:49:37 UTC", 0, false},
		{"no zone", "Sun, 06 Nov 1994 08:49:37", 0, false},
		{"asctime with zone", "Sun Nov  6 08:49:37 1994 GMT", 0, false},
		{"asctime with zone before the year", "Sun Nov  6 08:49:37 GMT 1994", 0, false},
		{"dashes in IMF", "Sun, 06-Nov-1994 08:49:37 GMT", 0, false},
		{"RFC 850 with short day", "Sun, 06-Nov-94 08:49:37 GMT", 0, false},
		{"RFC 850 with four-digit year", "Sunday, 06-Nov-1994 08:49:37 GMT", 0, false},
		{"IMF with long day", "Sunday, 06 Nov 1994 08:49:37 GMT", 0, false},
		{"missing comma", "Sun 06 Nov 1994 08:49:37 GMT", 0, false},
		{"no weekday", "06 Nov 1994 08:49:37 GMT", 0, false},
		{"no such weekday", "Abc, 06 Nov 1994 08:49:37 GMT", 0, false},
		{"no such month", "Sun, 06 Abc 1994 08:49:37 GMT", 0, false},
		{"two-digit year in IMF", "Sun, 06 Nov 94 08:49:37 GMT", 0, false},
		{"one-digit day", "Sun, 6 Nov 1994 08:49:37 GMT", 0, false},
		{"one-digit hour", "Sun, 06 Nov 1994 8:49:37 GMT", 0, false},
		{"blank for a digit", "Sun, 06 Nov 1994  8:49:37 GMT", 0, false},
		{"blank-padded day in IMF", "Sun,  6 Nov 1994 08:49:37 GMT", 0, false},
		{"double blank", "Sun, 06  Nov 1994 08:49:37 GMT", 0, false},
		{"asctime with two double blanks", "Sun Nov  6  08:49:37 1994", 0, false},
		{"trailing text", "Sun, 06 Nov 1994 08:49:37 GMT; x", 0, false},
		{"trailing blank", "Sun, 06 Nov 1994 08:49:37 GMT ", 0, false},
		{"leading blank", " Sun, 06 Nov 1994 08:49:37 GMT", 0, false},
		{"hour 24", "Sun, 06 Nov 1994 24:00:00 GMT", 0, false},
		{"minute 60", "Sun, 06 Nov 1994 08:60:00 GMT", 0, false},
		{"second 61", "Sun, 06 Nov 1994 08:49:61 GMT", 0, false},
		{"day 0", "Sun, 00 Nov 1994 08:49:37 GMT", 0, false},
		{"day 31 of November", "Sun, 31 Nov 1994 08:49:37 GMT", 0, false},
		{"29 February of a common year", "Sun, 29 Feb 2026 08:49:37 GMT", 0, false},
		{"29 February 1900", "Thu, 29 Feb 1900 08:49:37 GMT", 0, false},
		{"dots in the time", "Sun, 06 Nov 1994 08.49.37 GMT", 0, false},
		{"ISO 8601", "1994-11-06T08:49:37Z", 0, false},
		{"zero", "0", 0, false},
		{"minus one", "-1", 0, false},
		{"empty", "", 0, false},
		{"only a weekday", "Sun,", 0, false},
		{"only a long weekday", "Sunday", 0, false},
		{"asctime cut", "Sun ", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := ParseDate([]byte(tt.date), now); got != tt.want || ok != tt.ok {
				t.Errorf("ParseDate(%q) = %d, %t; want %d, %t", tt.date, got, ok, tt.want, tt.ok)
			}
		})
	}
}

// RFC 850's year is the same whichever side of a new century now is.
func TestParseDateCentury(t *testing.T) {
	for _, tt := range []struct{ now, want int }{{1999, 2005}, {2004, 2005}, {2055, 2105}, {2054, 2005}} {
		now := time.Date(tt.now, 6, 1, 0, 0, 0, 0, time.UTC)
		unix, ok := ParseDate([]byte("Sunday, 01-May-05 00:00:00 GMT"), now)
		if got := time.Unix(unix, 0).UTC().Year(); !ok || got != tt.want {
			t.Errorf("in %d: year %d, %t; want %d", tt.now, got, ok, tt.want)
		}
	}
}

func TestAppendDate(t *testing.T) {
	// Steps of about a month, prime in seconds, over all four-digit years.
	for unix := int64(-62167219200); unix <= 253402300799; unix += 2600011 {
		want := time.Unix(unix, 0).UTC().Format(http.TimeFormat)
		got := AppendDate(nil, unix)
		if string(got) != want {
			t.Fatalf("AppendDate(%d) = %q; want %q", unix, got, want)
		}
		if back, ok := ParseDate(got, time.Time{}); back != unix || !ok {
			t.Fatalf("ParseDate(%q) = %d, %t; want %d", got, back, ok, unix)
		}
	}
	for unix, want := range map[int64]string{
		math.MaxInt64: "Fri, 31 Dec 9999 23:59:59 GMT",
		math.MinInt64: "Sat, 01 Jan 0000 00:00:00 GMT",
	} {
		if got := string(AppendDate(nil, unix)); got != want {
			t.Errorf("AppendDate(%d) = %q; want %q", unix, got, want)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	f.Add("Sun, 06 Nov 1994 08:49:37 GMT")
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT")
	f.Add("Sun Nov  6 08:49:37 1994")
	f.Add("Sat, 31 Dec 2016 23:59:60 GMT")
	now := time.Date(2026, time.October, 15, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, date string) {
		unix, ok := ParseDate([]byte(date), now)
		if !ok {
			return
		}
		// RFC 850's form has dashes; net/http reads its year another way.
		if want, err := http.ParseTime(canonicalCase(date)); err == nil && !strings.Contains(date, "-") && want.Unix() != unix {
			t.Fatalf("ParseDate(%q) = %d; net/http says %d", date, unix, want.Unix())
		}
		if again, ok := ParseDate(AppendDate(nil, unix), now); !ok || again != unix {
			t.Fatalf("ParseDate(%q) = %d, written and read again %d, %t", date, unix, again, ok)
		}
	})
}

// canonicalCase writes the zone as net/http wants it.
func canonicalCase(date string) string {
	if n := len(date); n > 3 && strings.EqualFold(date[n-3:], "GMT") {
		return date[:n-3] + "GMT"
	}
	return date
}

func BenchmarkParseDate(b *testing.B) {
	date, now := []byte("Sun, 06 Nov 1994 08:49:37 GMT"), time.Unix(1792065600, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseDate(date, now); !ok {
			b.Fatal("refused")
		}
	}
}
