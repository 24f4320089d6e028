// Takes one snapshot as the reference page's Go program does, with a service account from the
// environment. The official SDK gets its tokens through golang.org/x/oauth2; so does this.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const mediaType = "application/vnd.atlas.2025-03-12+json"

type payload struct {
	Description     string `json:"description"`
	RetentionInDays int    `json:"retentionInDays"`
}

type snapshot struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

func take(ctx context.Context, client *http.Client, baseURL, groupID, clusterName string) (*snapshot, error) {
	body, err := json.Marshal(payload{Description: "from Go", RetentionInDays: 42})
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("%s/api/atlas/v2/groups/%s/clusters/%s/backup/snapshots", baseURL, groupID, clusterName)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", mediaType)
	request.Header.Set("Content-Type", mediaType)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	var taken snapshot
	return &taken, json.NewDecoder(response.Body).Decode(&taken)
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: peer CLUSTER_NAME")
	}
	baseURL := os.Getenv("MONGODB_ATLAS_BASE_URL")
	config := clientcredentials.Config{
		ClientID:     os.Getenv("MONGODB_ATLAS_CLIENT_ID"),
		ClientSecret: os.Getenv("MONGODB_ATLAS_CLIENT_SECRET"),
		TokenURL:     baseURL + "/api/oauth/token",
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	taken, err := take(ctx, config.Client(ctx), baseURL, os.Getenv("MONGODB_ATLAS_PROJECT_ID"), os.Args[1])
	if err != nil {
		log.Fatalf("Error: %v", err)
	}
	fmt.Println(taken.ID, taken.Status)
}
