// Centrifuge, the engine of Centrifugo: memory broker, HS256 tokens, and
// channels with history, so that a subscription recovers missed events.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/golang-jwt/jwt"
)

// The history of taskwire's defaults.
const historyLimit = 1000
const historyTTL = 24 * time.Hour

type event struct {
	Type         string  `json:"type"`
	ConnectionID string  `json:"connection_id"`
	Offset       int     `json:"offset"`
	EventID      string  `json:"event_id"`
	Status       string  `json:"status"`
	Attempt      int     `json:"attempt"`
	Progress     float64 `json:"progress"`
	Message      string  `json:"message"`
	Timestamp    string  `json:"timestamp"`
}

// offsets counts the events of each task, for the checks of the load.
type offsets struct {
	mutex sync.Mutex
	last  map[string]int
}

func (o *offsets) next(id string) int {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.last[id]++
	return o.last[id]
}

func verify(text string, secret []byte) (*jwt.StandardClaims, error) {
	claims := &jwt.StandardClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}))
	_, err := parser.ParseWithClaims(text, claims, func(*jwt.Token) (interface{}, error) {
		return secret, nil
	})
	return claims, err
}

func startNode(secret []byte) (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.DefaultConfig)
	if err != nil {
		return nil, err
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		if e.Token == "" {
			return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
		}
		claims, err := verify(e.Token, secret)
		if err != nil {
			return centrifuge.ConnectReply{}, centrifuge.DisconnectInvalidToken
		}
		return centrifuge.ConnectReply{
			Credentials:       &centrifuge.Credentials{UserID: claims.Subject, ExpireAt: claims.ExpiresAt},
			ClientSideRefresh: true,
		}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{Recover: true}}, nil)
		})
	})
	return node, node.Run()
}

func publish(node *centrifuge.Node, counted *offsets) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/api/tasks/"), "/events")
		e := event{Type: "task", ConnectionID: id, Attempt: 1}
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		e.Offset = counted.next(id)
		if e.EventID == "" {
			e.EventID = fmt.Sprintf("%s:%d", id, e.Offset)
		}
		e.Timestamp = time.Now().UTC().Format(time.RFC3339Nano)
		frame, err := json.Marshal(e)
		if err == nil {
			_, err = node.Publish(id, frame, centrifuge.WithHistory(historyLimit, historyTTL))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"connection_id":%q,"offset":%d}`, id, e.Offset)
	}
}

func main() {
	node, err := startNode([]byte(os.Getenv("JWT_SECRET")))
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	http.HandleFunc("/api/tasks/", publish(node, &offsets{last: map[string]int{}}))
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	log.Fatal(http.Serve(listener, nil))
}
