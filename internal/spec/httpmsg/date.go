package httpmsg

import "time"

const (
	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
	dayNames   = "SunMonTueWedThuFriSat"
)

// ParseDate parses an HTTP date (RFC 9110, 5.6.7) as seconds since the Unix
// epoch: the preferred form "Sun, 06 Nov 1994 08:49:37 GMT", RFC 850's
// "Sunday, 06-Nov-94 08:49:37 GMT" and asctime's "Sun Nov  6 08:49:37 1994".
//
// Names are read without regard to case, and the weekday need not fit the
// date. Everything else must be exact: no other zone, blank, digit or text.
// Second 60 is the first of the next minute.
//
// The year of RFC 850's form is the latest one that is not more than 50 years
// after now.
func ParseDate(b []byte, now time.Time) (unix int64, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	if b[3] == ' ' {
		return parseASCTime(b)
	}
	if b[3] == ',' {
		return parseIMF(b)
	}
	return parseRFC850(b, now)
}

// AppendDate appends the time in the preferred form, as Date, Expires and
// Last-Modified need it. Times before year 0 or after year 9999 are written as
// the first or last second of these.
func AppendDate(dst []byte, unix int64) []byte {
	const first, last = -62167219200, 253402300799
	unix = min(max(unix, first), last)
	days := floorDiv(unix, 86400)
	seconds := int(unix - days*86400)
	year, month, day := civil(days)
	weekday := int(((days+4)%7 + 7) % 7) // day 0 was a Thursday

	dst = append(dst, dayNames[3*weekday:3*weekday+3]...)
	dst = append(dst, ',', ' ')
	dst = appendTwo(dst, day)
	dst = append(dst, ' ')
	dst = append(dst, monthNames[3*month-3:3*month]...)
	dst = append(dst, ' ')
	dst = appendTwo(dst, year/100)
	dst = appendTwo(dst, year%100)
	dst = append(dst, ' ')
	dst = appendTwo(dst, seconds/3600)
	dst = append(dst, ':')
	dst = appendTwo(dst, seconds/60%60)
	dst = append(dst, ':')
	dst = appendTwo(dst, seconds%60)
	return append(dst, " GMT"...)
}

func appendTwo(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}

// parseIMF parses "Sun, 06 Nov 1994 08:49:37 GMT".
func parseIMF(b []byte) (int64, bool) {
	if len(b) != 29 || !isDayName(b[:3]) || b[4] != ' ' || b[7] != ' ' || b[11] != ' ' || b[16] != ' ' ||
		!EqualFold(b[25:], " GMT") {
		return 0, false
	}
	day, ok1 := twoDigits(b[5:])
	century, ok2 := twoDigits(b[12:])
	year, ok3 := twoDigits(b[14:])
	clock, ok4 := parseClock(b[17:25])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, false
	}
	return join(century*100+year, monthNumber(b[8:11]), day, clock)
}

// parseASCTime parses "Sun Nov  6 08:49:37 1994", with "06" or " 6".
func parseASCTime(b []byte) (int64, bool) {
	if len(b) != 24 || !isDayName(b[:3]) || b[7] != ' ' || b[10] != ' ' || b[19] != ' ' {
		return 0, false
	}
	day, ok1 := twoDigits(b[8:])
	if b[8] == ' ' {
		day, ok1 = int(b[9])-'0', '0' <= b[9] && b[9] <= '9'
	}
	century, ok2 := twoDigits(b[20:])
	year, ok3 := twoDigits(b[22:])
	clock, ok4 := parseClock(b[11:19])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, false
	}
	return join(century*100+year, monthNumber(b[4:7]), day, clock)
}

// parseRFC850 parses "Sunday, 06-Nov-94 08:49:37 GMT".
func parseRFC850(b []byte, now time.Time) (int64, bool) {
	rest, ok := cutLongDay(b)
	if !ok || len(rest) != 24 || rest[0] != ',' || rest[1] != ' ' || rest[4] != '-' || rest[8] != '-' || rest[11] != ' ' ||
		!EqualFold(rest[20:], " GMT") {
		return 0, false
	}
	day, ok1 := twoDigits(rest[2:])
	short, ok2 := twoDigits(rest[9:])
	clock, ok3 := parseClock(rest[12:20])
	if !ok1 || !ok2 || !ok3 {
		return 0, false
	}
	month := monthNumber(rest[5:8])
	latest := now.UTC().AddDate(50, 0, 0)
	year := latest.Year()/100*100 + short
	if year > latest.Year() {
		year -= 100
	}
	// In the latest year itself the rest of the date decides. It is compared
	// before it is checked: 29 February exists in only one of the two years.
	if year == latest.Year() && unixOf(year, month, day, clock) > latest.Unix() {
		year -= 100
	}
	return join(year, month, day, clock)
}

// cutLongDay returns what follows the full name of a weekday.
func cutLongDay(b []byte) (rest []byte, ok bool) {
	for _, name := range [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"} {
		if len(b) > len(name) && EqualFold(b[:len(name)], name) {
			return b[len(name):], true
		}
	}
	return nil, false
}

// parseClock parses "08:49:37" as seconds since midnight.
func parseClock(b []byte) (seconds int, ok bool) {
	hour, ok1 := twoDigits(b)
	minute, ok2 := twoDigits(b[3:])
	second, ok3 := twoDigits(b[6:])
	ok = ok1 && ok2 && ok3 && b[2] == ':' && b[5] == ':' && hour < 24 && minute < 60 && second <= 60
	return hour*3600 + minute*60 + second, ok
}

func twoDigits(b []byte) (n int, ok bool) {
	tens, ones := b[0]-'0', b[1]-'0' // below '0' wraps to a large number
	return int(tens)*10 + int(ones), tens <= 9 && ones <= 9
}

func isDayName(b []byte) bool {
	for i := 0; i < len(dayNames); i += 3 {
		if EqualFold(b, dayNames[i:i+3]) {
			return true
		}
	}
	return false
}

// monthNumber returns 1 to 12, or 0 if b names no month.
func monthNumber(b []byte) int {
	for i := 0; i < len(monthNames); i += 3 {
		if EqualFold(b, monthNames[i:i+3]) {
			return i/3 + 1
		}
	}
	return 0
}

// join makes a time of a date that is checked here and seconds since midnight
// that were checked before.
func join(year, month, day, clock int) (unix int64, ok bool) {
	if month == 0 || day == 0 || day > daysIn(year, month) {
		return 0, false
	}
	return unixOf(year, month, day, clock), true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// unixOf counts the days from 1970-01-01 in years that begin in March, so
// that the leap day is the last one. It needs no valid day.
func unixOf(year, month, day, clock int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yearOfEra := y - era*400
	dayOfYear := int64((153*((month+9)%12)+2)/5 + day - 1)
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return (era*146097+dayOfEra-719468)*86400 + int64(clock)
}

// civil is the inverse of unixOf for days since 1970-01-01.
func civil(days int64) (year, month, day int) {
	days += 719468
	era := floorDiv(days, 146097)
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := int(dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100))
	shifted := (5*dayOfYear + 2) / 153 // months since March
	year = int(yearOfEra + era*400)
	day = dayOfYear - (153*shifted+2)/5 + 1
	month = shifted + 3
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
