//go:build !race

package conformance

// raceEnabled says that the tests run with the race detector, and so must
// the program.
const raceEnabled = false
